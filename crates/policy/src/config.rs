//! The configuration of the rules: as it is written, and checked, so that code past start-up cannot meet a bad value.
//! Reading files and the environment is not here.

mod builtin;
mod check;
mod checked;
mod errors;
mod installed;
mod minima;
mod presets;
mod raw;
mod replicas;
mod resources;

pub use api::Language;
pub use checked::{Config, ResourceRules, Runtime};
pub use errors::ConfigError;
pub use installed::Installed;
pub use presets::{Presets, Replicas, RequestAndLimit, Resources};
pub use raw::{
    RawConfig, RawFunction, RawJob, RawReplicas, RawReplicasPreset, RawResources, RawResourcesPreset,
    RawRuntime,
};
