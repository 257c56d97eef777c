//! The configuration as its author wrote it. Every key is optional: built-in values replace absent ones.

use std::collections::BTreeMap;

use decide::function::Engine;
use policy::HostKeys;
use policy::git_url::GitUrls;
use serde::Deserialize;

use super::caches::RawCaches;
use super::image_registries::RawImageRegistries;

/// The whole configuration.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RawConfig {
    /// How images are built.
    pub build: RawBuild,
    /// Pull-through caches.
    pub caches: RawCaches,
    /// How Functions run.
    pub function: RawFunction,
    /// How Git remotes are contacted.
    pub git: RawGit,
    /// Registries in the cluster.
    pub image_registries: RawImageRegistries,
    /// From which namespace labelled objects are copied, and to which.
    pub propagation: RawPropagation,
    /// Whether the controller verifies registry credentials when they change.
    pub registry_check: RawRegistryCheck,
    /// Runtimes by name, added to the built-in ones; null removes one.
    pub runtimes: BTreeMap<String, Option<RawRuntime>>,
    /// How many Functions are reconciled at the same time.
    pub workers: Option<u16>,
}

/// How images are built.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RawBuild {
    /// The program that builds images: `buildkit`, `buildkit-rootless` or `kaniko`.
    pub engine: Option<Engine>,
    /// Whether BuildKit keeps the layers of a Function in its registry, for the next build.
    pub cache: Option<bool>,
    /// The image with the program that builds images.
    pub executor_image: Option<String>,
    /// Its first arguments.
    pub executor_args: Option<Vec<String>>,
    /// The image that fetches Git sources: it needs a POSIX shell, git and ssh.
    pub fetcher_image: Option<String>,
    /// The service account of build Jobs.
    pub service_account: Option<String>,
    /// How many Jobs build at the same time in the whole cluster.
    pub max_simultaneous_jobs: Option<usize>,
    /// How many of them may be in one namespace; four fifths by default.
    pub max_jobs_per_namespace: Option<usize>,
    /// How long a Job may build, such as `1h`.
    pub deadline: Option<String>,
    /// How long after a failure a build is retried although nothing has changed; `0s` for never.
    pub retry: Option<String>,
}

/// How Functions run.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RawFunction {
    /// The service account of Functions.
    pub service_account: Option<String>,
    /// The CPU utilization at which a Function is scaled up, in per cent of its CPU request.
    pub target_cpu_utilization: Option<i32>,
}

/// How Git remotes are contacted.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RawGit {
    /// How often a remote is polled, such as `5m`.
    pub poll_interval: Option<String>,
    /// How long an answer may take.
    pub timeout: Option<String>,
    /// How many bytes an answer may have at most.
    pub max_bytes: Option<usize>,
    /// How many remotes are polled at the same time.
    pub concurrency: Option<usize>,
    /// Which host keys are trusted if the Secret has none: `accept-new` or `strict`.
    pub host_keys: Option<HostKeys>,
    /// How strictly addresses are checked: `strict`, or `lenient` for paths that do not end in `.git`. Like `gitUrls`
    /// of the webhook.
    pub urls: Option<GitUrls>,
    /// Whether only a Secret with the label `serverless.kyma-project.io/git-credentials: "true"` is sent to a Git server.
    pub require_credentials_label: Option<bool>,
}

/// Whether the controller verifies registry credentials when they change.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RawRegistryCheck {
    /// Whether it does.
    pub enabled: Option<bool>,
    /// How long a registry may take to answer.
    pub timeout: Option<String>,
    /// Registries without TLS, as `host` or `host:port`. Registries on this machine are contacted only if they are
    /// listed here.
    pub plain_http: Option<Vec<String>>,
}

/// From which namespace labelled objects are copied, and to which.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RawPropagation {
    /// The namespace from which objects are copied.
    pub base_namespace: Option<String>,
    /// Namespaces that get no copies, replacing the built-in list.
    pub excluded_namespaces: Option<Vec<String>>,
}

/// Which files a runtime needs. Absent fields come from the built-in runtime of this name, or of the language.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RawRuntime {
    /// The built-in runtime that it resembles, such as `nodejs12`.
    pub like: Option<String>,
    /// The file of the source.
    pub source_file: Option<String>,
    /// The file of the dependencies.
    pub dependencies_file: Option<String>,
    /// The content of the file if the dependencies are blank.
    pub no_dependencies: Option<String>,
    /// The base image of the build, for Dockerfiles with the argument `base_image`.
    pub base_image: Option<String>,
    /// Environment variables, in place of those of the runtime that it resembles.
    pub env: Option<BTreeMap<String, String>>,
}
