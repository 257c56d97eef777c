//! The pure admission rules: no clock, no environment, no I/O, no async.
//!
//! Every rule is a function from configuration and objects to a [`Decision`]; what a decision looks like on the
//! wire is not here.

pub mod annotations;
pub mod base64;
pub mod config;
pub mod decision;
pub mod decode;
pub mod defaulting;
pub mod docker_config;
pub mod git_url;
mod host_keys;
pub mod object;
pub mod presets;
pub mod quantity;
pub mod registry_address;
pub mod registry_secret;
pub mod syntax;
pub mod text;
pub mod validation;
pub mod violation;

pub use config::Config;
pub use decision::Decision;
pub use git_url::GitUrls;
pub use host_keys::HostKeys;
pub use object::{FunctionObject, GitRepositoryObject, Meta, Object};
pub use quantity::Quantity;
pub use registry_address::RegistryAddress;
pub use registry_secret::SecretObject;
pub use violation::{Problem, Value, Violation};
