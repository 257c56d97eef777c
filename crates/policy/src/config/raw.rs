//! The configuration as its author wrote it: the shape of the reference chart's `webhook.values`. Nothing is
//! checked here but names and types.

use std::collections::BTreeMap;

use api::{Language, RawQuantity};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::git_url::GitUrls;

/// All of it. Every key is optional: built-in values fill the rest.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RawConfig {
    /// Rules for Functions.
    pub function: RawFunction,
    /// Rules for the Jobs that build images.
    pub build_job: RawJob,
    /// Runtimes by name, added to the built-in ones; null takes one away.
    pub runtimes: BTreeMap<String, Option<RawRuntime>>,
    /// The runtime of a Function that names none.
    pub default_runtime: Option<String>,
    /// Names of environment variables that the runtime sets itself, in place of the built-in ones.
    pub reserved_envs: Option<Vec<String>>,
    /// How strict addresses of Git repositories are judged.
    pub git_urls: Option<GitUrls>,
    /// The resources of the webhook's own Pods: part of the chart's section, of no meaning to the rules.
    pub deployment: Option<IgnoredAny>,
}

/// Rules for Functions.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RawFunction {
    /// Rules for `minReplicas` and `maxReplicas`.
    pub replicas: RawReplicas,
    /// Rules for `resources`.
    pub resources: RawResources,
}

/// Rules for the Jobs that build images.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RawJob {
    /// Rules for `buildResources`.
    pub resources: RawResources,
}

/// Rules for `minReplicas` and `maxReplicas`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RawReplicas {
    /// The least that either may be.
    pub min_value: Option<i32>,
    /// The preset of a Function that names none.
    pub default_preset: Option<String>,
    /// Presets by name, added to the built-in ones; null takes one away.
    pub presets: BTreeMap<String, Option<RawReplicasPreset>>,
}

/// A preset of replicas. What it leaves out comes from the default preset.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RawReplicasPreset {
    /// For `minReplicas`.
    pub min: Option<i32>,
    /// For `maxReplicas`.
    pub max: Option<i32>,
}

/// Rules for a group of compute resources.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RawResources {
    /// The least that a request or limit of CPU may be.
    pub min_request_cpu: Option<RawQuantity>,
    /// The least that a request or limit of memory may be.
    pub min_request_memory: Option<RawQuantity>,
    /// The preset of a Function that names none.
    pub default_preset: Option<String>,
    /// Presets by name, added to the built-in ones; null takes one away.
    pub presets: BTreeMap<String, Option<RawResourcesPreset>>,
}

/// A preset of compute resources. What it leaves out comes from the default preset.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RawResourcesPreset {
    /// What is set aside of CPU.
    pub request_cpu: Option<RawQuantity>,
    /// What is set aside of memory.
    pub request_memory: Option<RawQuantity>,
    /// The most of CPU that may be used.
    pub limit_cpu: Option<RawQuantity>,
    /// The most of memory that may be used.
    pub limit_memory: Option<RawQuantity>,
}

/// A runtime.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RawRuntime {
    /// Its language.
    pub language: Language,
    /// Why it should not be used any more: authors get it as a warning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<String>,
    /// The runtime to use in place of a deprecated one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub successor: Option<String>,
}
