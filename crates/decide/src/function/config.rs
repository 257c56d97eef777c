//! How Functions are built and run.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use api::Language;
use api::runtimes::SHIPPED;
use policy::HostKeys;

use super::engine::Engine;

/// How Functions are built and run.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The program that builds images, in a Job.
    pub engine: Engine,
    /// The image with this program.
    pub executor_image: String,
    /// Its first arguments.
    pub executor_args: Vec<String>,
    /// Whether BuildKit keeps the layers of a Function in its registry, for the next build.
    pub build_cache: bool,
    /// Registries without TLS, as `host` or `host:port`.
    pub plain_http: BTreeSet<String>,
    /// The service account of build Jobs.
    pub build_service_account: String,
    /// The service account of Functions, with the Secrets by which their images are pulled.
    pub function_service_account: String,
    /// How long a Job may build.
    pub build_deadline: Duration,
    /// How long after a failure a build is tried again although nothing has changed; never if `None`.
    pub build_retry: Option<Duration>,
    /// The image that fetches sources of Functions of type `git`: with a POSIX shell, git and ssh.
    pub fetcher_image: String,
    /// Which host keys it trusts where the Secret names none.
    pub host_keys: HostKeys,
    /// Of how much of its CPU request a Function is scaled up, in per cent.
    pub target_cpu: i32,
    /// The runtimes that are built in or configured.
    pub runtimes: BTreeMap<String, Runtime>,
    /// Namespaces that get no copies of runtimes, accounts and credentials.
    pub excluded_namespaces: BTreeSet<String>,
    /// Whether the controller gives a registry to the namespaces of Functions that have none.
    pub gives_registries: bool,
    /// Those that the configuration takes away, and that no `ConfigMap` brings back.
    pub removed_runtimes: BTreeSet<String>,
}

impl Config {
    /// The service accounts of builds and of Functions.
    #[must_use]
    pub fn accounts(&self) -> [&str; 2] {
        [&self.build_service_account, &self.function_service_account]
    }
}

impl Default for Config {
    fn default() -> Self {
        let engine = Engine::default();
        Self {
            engine,
            executor_image: engine.image().to_owned(),
            executor_args: engine.args(),
            build_cache: true,
            plain_http: BTreeSet::new(),
            build_service_account: "serverless-build".to_owned(),
            function_service_account: "serverless-function".to_owned(),
            build_deadline: Duration::from_hours(1),
            build_retry: Some(Duration::from_mins(30)),
            fetcher_image: "docker.io/alpine/git:v2.49.1".to_owned(),
            host_keys: HostKeys::default(),
            target_cpu: 50,
            runtimes: Runtime::builtin(),
            excluded_namespaces: BTreeSet::new(),
            gives_registries: false,
            removed_runtimes: BTreeSet::new(),
        }
    }
}

/// How a runtime wants its files, and what it finds in its environment.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Runtime {
    /// Its language, unless it is configured without.
    pub language: Option<Language>,
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
        let runtimes = SHIPPED.iter();
        runtimes.map(|shipped| (shipped.name.to_owned(), Self::of(shipped.name, shipped.language))).collect()
    }

    /// One of a language: how the servers of the installation want their files.
    #[must_use]
    pub fn of(name: &str, language: Language) -> Self {
        match language {
            Language::Nodejs => Self::nodejs(),
            Language::Python => Self::python(name),
        }
    }

    fn nodejs() -> Self {
        Self {
            language: Some(Language::Nodejs),
            source_file: "handler.js".to_owned(),
            dependencies_file: "package.json".to_owned(),
            no_dependencies: "{}".to_owned(),
            base_image: None,
            env: vec![("NODE_PATH".to_owned(), "$(KUBELESS_INSTALL_VOLUME)/node_modules".to_owned())],
        }
    }

    fn python(name: &str) -> Self {
        let volume = "$(KUBELESS_INSTALL_VOLUME)";
        let packages = python_version(name).map_or_else(
            || volume.to_owned(),
            |(major, minor)| format!("{volume}/lib.python{major}.{minor}/site-packages:{volume}"),
        );
        Self {
            language: Some(Language::Python),
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

/// The version in the name of a runtime: 3 and 12 of `python312`.
fn python_version(name: &str) -> Option<(&str, &str)> {
    let digits = name.strip_prefix("python").filter(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))?;
    digits.split_at_checked(1).filter(|(_, minor)| !minor.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_looked_for_by_the_version_in_the_name() {
        let path = |name: &str| {
            let env = Runtime::of(name, Language::Python).env;
            env.into_iter().find(|(name, _)| name == "PYTHONPATH").map(|(_, value)| value)
        };
        let volume = "$(KUBELESS_INSTALL_VOLUME)";
        for (name, folder) in [("python38", "lib.python3.8"), ("python312", "lib.python3.12")] {
            assert_eq!(path(name), Some(format!("{volume}/{folder}/site-packages:{volume}")));
        }
        for name in ["python3", "python", "python3x", "ours"] {
            assert_eq!(path(name).as_deref(), Some(volume), "{name}");
        }
    }
}
