//! The registry configuration of nodes: from the model to the files of each runtime, and back.

pub mod compose;
pub mod credentials_file;
pub mod doctor;
#[cfg(test)]
mod examples;
pub mod files;
mod hidden;
mod host_folder;
pub mod import;
pub mod of_cache;
pub mod of_registry;
pub mod probe;
#[cfg(test)]
mod random;
pub mod render;
pub mod secret;
pub mod secret_keys;
pub mod tree;
pub mod version;
pub mod wanted;
