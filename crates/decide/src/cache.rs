//! What a `RegistryCache` becomes: its names, its objects, the proof of its credentials, and its status.

pub mod collision;
mod configuration;
pub mod findings;
pub mod image;
pub mod instance;
mod objects;
pub mod observed;
mod paths;
pub mod problem;
pub mod proof;
pub mod rotation;
pub mod secrets;
pub mod status;
pub mod sync;
pub mod tally;
pub mod uses;
