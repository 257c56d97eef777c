//! Registries of images: their addresses, and the credentials that clients of them read.

mod address;
pub mod docker_config;
mod plain_http;
mod repository;

pub use address::{RegistryAddress, RegistryAddressError};
pub use plain_http::is_plain;
pub use repository::is_repository_name;
