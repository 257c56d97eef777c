//! The configuration after its check, in the form in which the rules read it.

use std::collections::{BTreeMap, BTreeSet};

use super::presets::{Presets, Replicas, Resources};
use crate::git_url::GitUrls;
use crate::quantity::Quantity;

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
