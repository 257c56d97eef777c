//! The pure admission rules: no clock, no environment, no I/O, no async.
//!
//! Every rule is a function from configuration and objects to a [`Decision`]; what a decision looks like on the
//! wire is not here. Rules are in a module for each kind of object; the other modules are the words they share.

pub mod base64;
mod compute_resources;
pub mod config;
pub mod container_registries;
mod decision;
pub mod decode;
pub mod duration;
pub mod functions;
pub mod gardener;
pub mod git_repositories;
pub mod git_url;
mod host_keys;
pub mod image_build_envs;
pub mod image_registries;
pub mod image_registry_accounts;
pub mod image_secrets;
pub mod manifests;
mod object;
mod object_meta;
mod patch;
mod percent;
pub mod quantity;
pub mod registries;
pub mod registry_caches;
mod registry_fields;
pub mod registry_secrets;
pub mod rule;
pub mod schema;
mod secret_object;
pub mod syntax;
pub mod text;
mod unknown;
pub mod upstream_credentials;
pub mod violation;

pub use config::Config;
pub use decision::{Decision, Warning};
pub use git_url::GitUrls;
pub use host_keys::HostKeys;
pub use object::{
    FunctionObject, GitRepositoryObject, ImageBuildEnvObject, ImagePullSecretObject, ImagePushSecretObject,
    ImageRegistryAccountObject, ImageRegistryObject, Meta, MetadataObject, Object, RegistryCacheObject,
    ScaleObject, ShootObject,
};
pub use quantity::Quantity;
pub use rule::Rule;
pub use secret_object::{DATA_MAX as SECRET_DATA_MAX, SecretBytes, SecretData, SecretObject};
pub use violation::{Problem, Value, Violation};
