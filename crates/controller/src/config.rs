//! The configuration of the controller: from its file and from the environment, with every error at its place.

mod env;
mod raw;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use process::settings::{LoadError, Settings};

use crate::git::GitConfig;

pub use raw::{ConfigError, RawConfig};

/// The arguments of the reference implementation, but for those by which any registry is trusted.
const EXECUTOR_ARGS: [&str; 3] = ["--skip-unused-stages", "--log-format=text", "--cache=true"];

/// How Functions are built and run.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The image that builds images, in a Job.
    pub executor_image: String,
    /// Its arguments, before destination and context.
    pub executor_args: Vec<String>,
    /// The service account of build Jobs.
    pub build_service_account: String,
    /// The service account of Functions, with the Secrets by which their images are pulled.
    pub function_service_account: String,
    /// How many Jobs build at once, in the whole cluster.
    pub max_builds: usize,
    /// How many of them may be of one namespace; see [`Config::builds_per_namespace`].
    pub max_builds_per_namespace: Option<usize>,
    /// How long a Job may build.
    pub build_deadline: Duration,
    /// How long after a failure a build is tried again although nothing has changed; never if `None`.
    pub build_retry: Option<Duration>,
    /// The image that fetches sources of Functions of type `git`: with a POSIX shell, git and ssh.
    pub fetcher_image: String,
    /// How Git remotes are asked.
    pub git: GitConfig,
    /// How many Functions are looked at at once.
    pub workers: u16,
    /// Of how much of its CPU request a Function is scaled up, in per cent.
    pub target_cpu: i32,
    /// The runtimes.
    pub runtimes: BTreeMap<String, Runtime>,
    /// What is copied where.
    pub propagation: Propagation,
    /// Whether credentials of registries are tried.
    pub registry_check: RegistryCheck,
}

/// Whether credentials of registries are tried when they change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RegistryCheck {
    /// Whether they are.
    pub enabled: bool,
    /// How long a registry may take to answer.
    pub timeout: Duration,
    /// Registries without TLS, as `host` or `host:port`. Those of this machine are asked only if they are named here.
    pub plain_http: BTreeSet<String>,
}

impl RegistryCheck {
    /// Whether a registry is asked without TLS.
    pub(crate) fn is_plain(&self, host: &str, port: Option<u16>) -> bool {
        let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        let host = if host.contains(':') { format!("[{host}]") } else { host };
        self.plain_http.contains(&host)
            || port.is_some_and(|port| self.plain_http.contains(&format!("{host}:{port}")))
    }
}

impl Default for RegistryCheck {
    fn default() -> Self {
        Self { enabled: true, timeout: Duration::from_secs(10), plain_http: BTreeSet::new() }
    }
}

/// From where and to where labelled objects are copied.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Propagation {
    /// The namespace from which they are copied.
    pub base_namespace: String,
    /// Namespaces that get no copies.
    pub excluded_namespaces: BTreeSet<String>,
}

impl Default for Propagation {
    /// The values of the reference implementation.
    fn default() -> Self {
        let excluded = [
            "compass-system",
            "istio-system",
            "kube-node-lease",
            "kube-public",
            "kube-system",
            "kyma-installer",
            "kyma-integration",
            "kyma-system",
            "natss",
        ];
        Self {
            base_namespace: "kyma-system".to_owned(),
            excluded_namespaces: excluded.map(str::to_owned).into(),
        }
    }
}

impl Config {
    /// The service accounts of builds and of Functions.
    #[must_use]
    pub fn accounts(&self) -> [&str; 2] {
        [&self.build_service_account, &self.function_service_account]
    }

    /// How many Jobs of one namespace build at once: unless it is set, all but a fifth, which is left for the others.
    #[must_use]
    pub fn builds_per_namespace(&self) -> usize {
        let left = (self.max_builds / 5).max(1);
        self.max_builds_per_namespace.unwrap_or(self.max_builds.saturating_sub(left)).max(1)
    }
}

/// How a runtime wants its files, and what it finds in its environment.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Runtime {
    /// The file of the source.
    pub source_file: String,
    /// The file of the dependencies.
    pub dependencies_file: String,
    /// What blank dependencies mean.
    pub no_dependencies: String,
    /// The image that its Dockerfile is to build upon, in place of the one that it names.
    pub base_image: Option<String>,
    /// Variables of the environment, beside `FUNC_RUNTIME`.
    pub env: Vec<(String, String)>,
}

impl Runtime {
    /// Those that are known without configuration.
    #[must_use]
    pub fn builtin() -> BTreeMap<String, Self> {
        let runtimes =
            [("nodejs10", Self::nodejs()), ("nodejs12", Self::nodejs()), ("python38", Self::python("3.8"))];
        runtimes.map(|(name, runtime)| (name.to_owned(), runtime)).into()
    }

    fn nodejs() -> Self {
        Self {
            source_file: "handler.js".to_owned(),
            dependencies_file: "package.json".to_owned(),
            no_dependencies: "{}".to_owned(),
            base_image: None,
            env: vec![("NODE_PATH".to_owned(), "$(KUBELESS_INSTALL_VOLUME)/node_modules".to_owned())],
        }
    }

    fn python(version: &str) -> Self {
        let packages = format!(
            "$(KUBELESS_INSTALL_VOLUME)/lib.python{version}/site-packages:$(KUBELESS_INSTALL_VOLUME)"
        );
        Self {
            source_file: "handler.py".to_owned(),
            dependencies_file: "requirements.txt".to_owned(),
            no_dependencies: String::new(),
            base_image: None,
            env: vec![
                ("PYTHONPATH".to_owned(), packages),
                ("PYTHONUNBUFFERED".to_owned(), "TRUE".to_owned()),
            ],
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            executor_image: "gcr.io/kaniko-project/executor:v1.23.2".to_owned(),
            executor_args: EXECUTOR_ARGS.map(str::to_owned).into(),
            build_service_account: "serverless-build".to_owned(),
            function_service_account: "serverless-function".to_owned(),
            max_builds: 5,
            max_builds_per_namespace: None,
            build_deadline: Duration::from_hours(1),
            build_retry: Some(Duration::from_mins(30)),
            fetcher_image: "docker.io/alpine/git:v2.49.1".to_owned(),
            git: GitConfig::default(),
            workers: 8,
            target_cpu: 50,
            runtimes: Runtime::builtin(),
            propagation: Propagation::default(),
            registry_check: RegistryCheck::default(),
        }
    }
}

/// How the configuration is read.
pub const SETTINGS: Settings<RawConfig, Config, ConfigError> =
    Settings { variables: &env::VARIABLES, check: RawConfig::check, field: |error| &error.field };

/// Reads the file, if there is one, lays the variables of the reference implementation over it and checks the whole.
///
/// # Errors
/// A line for everything that is wrong, with its place and the remedy.
pub fn load(path: Option<&Path>, variable: impl Fn(&str) -> Option<String>) -> Result<Config, LoadError> {
    SETTINGS.load(path, variable)
}

#[cfg(test)]
mod tests;
