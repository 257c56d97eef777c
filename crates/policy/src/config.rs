//! The configuration of the rules, checked: code past start-up cannot meet a bad value. Reading files and the
//! environment is not here.

mod builtin;
mod check;
mod raw;

use std::collections::{BTreeMap, BTreeSet};

use crate::git_url::GitUrls;
use crate::presets::{Presets, Replicas, Resources};
use crate::quantity::Quantity;

pub use check::ConfigError;
pub use raw::{
    RawConfig, RawFunction, RawJob, RawReplicas, RawReplicasPreset, RawResources, RawResourcesPreset,
    RawRuntime,
};

/// Everything that an installation can choose about the rules.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Presets of `minReplicas` and `maxReplicas`.
    pub replicas: Presets<Replicas>,
    /// The least that `minReplicas` and `maxReplicas` may be.
    pub min_replicas: i32,
    /// Presets and minima of `resources`.
    pub function: ResourceRules,
    /// Presets and minima of `buildResources`.
    pub build: ResourceRules,
    /// The runtimes that Functions may have.
    pub runtimes: BTreeMap<String, Language>,
    /// The runtime of a Function that names none.
    pub default_runtime: String,
    /// Names of environment variables that the runtime sets itself.
    pub reserved_envs: BTreeSet<String>,
    /// How strict addresses of Git repositories are judged.
    pub git_urls: GitUrls,
}

/// Presets and minima of one group of compute resources.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceRules {
    /// The presets.
    pub presets: Presets<Resources>,
    /// The least that a request or limit of CPU may be.
    pub min_cpu: Quantity,
    /// The least that a request or limit of memory may be.
    pub min_memory: Quantity,
}

/// The language of a runtime, which decides what its dependencies look like.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Dependencies are a package.json.
    Nodejs,
    /// Dependencies are a requirements.txt.
    Python,
}
