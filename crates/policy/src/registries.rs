//! Registries of images: their addresses, and the credentials that clients of them read.

mod address;
pub mod docker_config;
mod plain_http;

pub use address::{RegistryAddress, RegistryAddressError, is_repository_name};
pub use plain_http::is_plain;
