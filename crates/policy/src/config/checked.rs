//! The configuration after its check, in the form in which the rules read it.

use std::collections::{BTreeMap, BTreeSet};

use api::Language;

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
    pub runtimes: BTreeMap<String, Runtime>,
    /// Those that the configuration names, be it to take them away: what is installed does not change them.
    pub configured_runtimes: BTreeSet<String>,
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

/// A runtime, as rules see it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Runtime {
    /// Its language, which decides what dependencies look like.
    pub language: Language,
    /// Why it should not be used any more, if so.
    pub deprecated: Option<String>,
    /// The runtime to use in place of a deprecated one.
    pub successor: Option<String>,
}
