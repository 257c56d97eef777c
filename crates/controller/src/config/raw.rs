//! The configuration as its author wrote it. Every key is optional: built-in values fill the rest.

use std::collections::BTreeMap;

use policy::HostKeys;
use policy::git_url::GitUrls;
use serde::Deserialize;

/// All of it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RawConfig {
    /// How images are built.
    pub build: RawBuild,
    /// How Functions run.
    pub function: RawFunction,
    /// How Git remotes are asked.
    pub git: RawGit,
    /// From where and to where labelled objects are copied.
    pub propagation: RawPropagation,
    /// Whether credentials of registries are tried when they change.
    pub registry_check: RawRegistryCheck,
    /// Runtimes by name, added to the built-in ones; null takes one away.
    pub runtimes: BTreeMap<String, Option<RawRuntime>>,
    /// How many Functions are looked at at once.
    pub workers: Option<u16>,
}

/// How images are built.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RawBuild {
    /// The image that builds images.
    pub executor_image: Option<String>,
    /// Its arguments, before those that name the image and the context.
    pub executor_args: Option<Vec<String>>,
    /// The image that fetches sources of Git: with a POSIX shell, git and ssh.
    pub fetcher_image: Option<String>,
    /// The service account of build Jobs.
    pub service_account: Option<String>,
    /// How many Jobs build at once, in the whole cluster.
    pub max_simultaneous_jobs: Option<usize>,
    /// How many of them may be of one namespace; all but a fifth if it is not set.
    pub max_jobs_per_namespace: Option<usize>,
    /// How long a Job may build, such as `1h`.
    pub deadline: Option<String>,
    /// How long after a failure a build is tried again although nothing has changed; `0s` for never.
    pub retry: Option<String>,
}

/// How Functions run.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RawFunction {
    /// The service account of Functions.
    pub service_account: Option<String>,
    /// Of how much of its CPU request a Function is scaled up, in per cent.
    pub target_cpu_utilization: Option<i32>,
}

/// How Git remotes are asked.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RawGit {
    /// How often a remote is asked, such as `5m`.
    pub poll_interval: Option<String>,
    /// How long an answer may take.
    pub timeout: Option<String>,
    /// How many bytes an answer may have.
    pub max_bytes: Option<usize>,
    /// How many remotes are asked at once.
    pub concurrency: Option<usize>,
    /// Which host keys are trusted where the Secret names none: `accept-new` or `strict`.
    pub host_keys: Option<HostKeys>,
    /// How strict addresses are judged: `strict`, or `lenient` for paths that do not end in `.git`. As `gitUrls` of the webhook.
    pub urls: Option<GitUrls>,
    /// Whether only a Secret with the label `serverless.kyma-project.io/git-credentials: "true"` is sent to a Git server.
    pub require_credentials_label: Option<bool>,
}

/// Whether credentials of registries are tried when they change.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RawRegistryCheck {
    /// Whether they are.
    pub enabled: Option<bool>,
    /// How long a registry may take to answer.
    pub timeout: Option<String>,
    /// Registries without TLS, as `host` or `host:port`. Those of this machine are asked only if they are named here.
    pub plain_http: Option<Vec<String>>,
}

/// From where and to where labelled objects are copied.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RawPropagation {
    /// The namespace from which they are copied.
    pub base_namespace: Option<String>,
    /// Namespaces that get no copies, in place of the built-in ones.
    pub excluded_namespaces: Option<Vec<String>>,
}

/// How a runtime wants its files. What is left out is as in the built-in runtime of the name, or of the language.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RawRuntime {
    /// The built-in runtime that it is like, such as `nodejs12`.
    pub like: Option<String>,
    /// The file of the source.
    pub source_file: Option<String>,
    /// The file of the dependencies.
    pub dependencies_file: Option<String>,
    /// What blank dependencies mean.
    pub no_dependencies: Option<String>,
    /// The image to build upon, for Dockerfiles with the argument `base_image`.
    pub base_image: Option<String>,
    /// Variables of the environment, in place of those of the runtime that it is like.
    pub env: Option<BTreeMap<String, String>>,
}
