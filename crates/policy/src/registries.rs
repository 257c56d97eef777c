//! Registries of images: their addresses, and the credentials that clients of them read.

mod address;
pub mod docker_config;

pub use address::{RegistryAddress, RegistryAddressError};
