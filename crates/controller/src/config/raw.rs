//! The configuration as its author wrote it. Every key is optional: built-in values fill the rest.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use decide::function::config::Runtime;
use jiff::SignedDuration;
use policy::HostKeys;
use policy::git_url::GitUrls;
use policy::registries::RegistryAddress;
use serde::Deserialize;

use super::checked::Config;

/// The longest time between two builds, and the longest that a build may take.
const WEEK: Duration = Duration::from_hours(7 * 24);
/// The longest time between two questions to a Git remote.
const DAY: Duration = Duration::from_hours(24);
/// The longest that a server may take to answer.
const ANSWER: Duration = Duration::from_mins(10);
/// The most that a Git server may say, in bytes.
const MAX_BYTES: usize = 1024 * 1024 * 1024;
/// The most Git remotes that are asked at once.
const MAX_CONCURRENCY: usize = 256;

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

/// What is wrong with a field.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct ConfigError {
    /// The path of the field.
    pub field: String,
    /// What is wrong, and what would be right.
    pub problem: String,
}

impl RawConfig {
    /// Checks all of it.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn check(self) -> Result<Config, Vec<ConfigError>> {
        let mut checked = Config::default();
        let mut errors = Vec::new();
        let mut error =
            |field: &str, problem: String| errors.push(ConfigError { field: field.to_owned(), problem });

        let mut text = |field: &str, given: Option<String>, value: &mut String| match given {
            Some(given) if given.trim().is_empty() => error(field, "must not be blank".to_owned()),
            Some(given) => *value = given,
            None => {}
        };
        let build = self.build;
        text("build.executorImage", build.executor_image, &mut checked.functions.executor_image);
        text("build.fetcherImage", build.fetcher_image, &mut checked.functions.fetcher_image);
        text("build.serviceAccount", build.service_account, &mut checked.functions.build_service_account);
        text(
            "propagation.baseNamespace",
            self.propagation.base_namespace,
            &mut checked.propagation.base_namespace,
        );
        text(
            "function.serviceAccount",
            self.function.service_account,
            &mut checked.functions.function_service_account,
        );

        let mut duration = |field: &str,
                            given: Option<String>,
                            bounds: RangeInclusive<Duration>,
                            value: &mut Duration| {
            let Some(given) = given else { return };
            match given.parse::<SignedDuration>().map(Duration::try_from) {
                Ok(Ok(given)) if bounds.contains(&given) => *value = given,
                Ok(Ok(long)) if long > *bounds.end() => {
                    error(field, format!("{given:?} must be at most {} s", bounds.end().as_secs()));
                }
                Ok(_) => error(field, format!("{given:?} must be at least {} s", bounds.start().as_secs())),
                Err(_) => {
                    error(
                        field,
                        format!("{given:?} must be a duration such as \"30s\", \"5m\" or \"1h30m\""),
                    );
                }
            }
        };
        let second = Duration::from_secs(1);
        duration("build.deadline", build.deadline, second..=WEEK, &mut checked.functions.build_deadline);
        let mut retry = checked.functions.build_retry.unwrap_or_default();
        duration("build.retry", build.retry, Duration::ZERO..=WEEK, &mut retry);
        checked.functions.build_retry = Some(retry).filter(|retry| !retry.is_zero());
        let timeout = &mut checked.registries.timeout;
        duration("registryCheck.timeout", self.registry_check.timeout, second..=ANSWER, timeout);
        duration("git.pollInterval", self.git.poll_interval, second * 5..=DAY, &mut checked.git.poll);
        duration("git.timeout", self.git.timeout, second..=ANSWER, &mut checked.git.timeout);

        let mut number =
            |field: &str, given: Option<usize>, bounds: RangeInclusive<usize>, value: &mut usize| match given
            {
                Some(given) if !bounds.contains(&given) => error(field, beyond(given, &bounds)),
                Some(given) => *value = given,
                None => {}
            };
        let all = || 1..=usize::MAX;
        number("build.maxSimultaneousJobs", build.max_simultaneous_jobs, all(), &mut checked.max_builds);
        if let Some(given) = build.max_jobs_per_namespace {
            let share = checked.max_builds_per_namespace.insert(1);
            number("build.maxJobsPerNamespace", Some(given), all(), share);
        }
        number("git.maxBytes", self.git.max_bytes, 1024..=MAX_BYTES, &mut checked.git.max_bytes);
        number("git.concurrency", self.git.concurrency, 1..=MAX_CONCURRENCY, &mut checked.git.concurrency);
        match self.workers {
            Some(0) => error("workers", "0 must be at least 1".to_owned()),
            Some(workers) => checked.workers = workers,
            None => {}
        }
        match self.function.target_cpu_utilization {
            Some(target) if !(1..=1000).contains(&target) => {
                error("function.targetCpuUtilization", format!("{target} must be from 1 to 1000"));
            }
            Some(target) => checked.functions.target_cpu = target,
            None => {}
        }
        if let Some(excluded) = self.propagation.excluded_namespaces {
            checked.propagation.excluded_namespaces = excluded.into_iter().collect();
        }
        checked.registry_check = self.registry_check.enabled.unwrap_or(checked.registry_check);
        checked.functions.executor_args = build.executor_args.unwrap_or(checked.functions.executor_args);
        checked.git.host_keys = self.git.host_keys.unwrap_or_default();
        checked.functions.host_keys = checked.git.host_keys;
        checked.git.urls = self.git.urls.unwrap_or_default();
        checked.git.require_credentials_label = self.git.require_credentials_label.unwrap_or_default();
        for (index, given) in self.registry_check.plain_http.into_iter().flatten().enumerate() {
            match host(&given) {
                Ok(host) => drop(checked.registries.plain_http.insert(host)),
                Err(problem) => error(&format!("registryCheck.plainHttp.{index}"), problem),
            }
        }

        for (name, given) in self.runtimes {
            match given.map(|given| given.runtime(&name)) {
                Some(Ok(runtime)) => drop(checked.functions.runtimes.insert(name, runtime)),
                Some(Err((field, problem))) => error(&format!("runtimes.{name}.{field}"), problem),
                None => drop(checked.functions.runtimes.remove(&name)),
            }
        }
        if checked.functions.runtimes.is_empty() {
            error("runtimes", "must leave at least one runtime".to_owned());
        }
        if errors.is_empty() { Ok(checked) } else { Err(errors) }
    }
}

fn beyond(given: usize, bounds: &RangeInclusive<usize>) -> String {
    if given < *bounds.start() {
        format!("{given} must be at least {}", bounds.start())
    } else {
        format!("{given} must be at most {}", bounds.end())
    }
}

/// A host, or a host and a port, as they are compared.
fn host(given: &str) -> Result<String, String> {
    let address = RegistryAddress::parse(&given.to_ascii_lowercase()).ok();
    let address = address.filter(|address| address.host().is_some() && address.path().is_empty());
    address.map(|address| address.to_string()).ok_or_else(|| {
        format!("{given:?} must be a host, or a host and a port, such as \"registry.example.com:5000\"")
    })
}

impl RawRuntime {
    /// Over the built-in runtime that it is like, or of the same name; otherwise the field that is wrong, and what of it.
    fn runtime(self, name: &str) -> Result<Runtime, (&'static str, String)> {
        let builtin = Runtime::builtin();
        let like = builtin.get(self.like.as_deref().unwrap_or(name));
        if let (Some(like), None) = (&self.like, like) {
            let known: Vec<_> = builtin.keys().map(String::as_str).collect();
            return Err(("like", format!("{like:?} is no built-in runtime; those are {}", known.join(", "))));
        }
        let needed = |field, given: Option<String>, known: Option<&String>| {
            let text = given.or_else(|| known.cloned());
            let problem = "must be set, or \"like\" with the name of a built-in runtime";
            text.ok_or_else(|| (field, problem.to_owned()))
        };
        let base = like.cloned().unwrap_or_default();
        Ok(Runtime {
            source_file: needed("sourceFile", self.source_file, like.map(|like| &like.source_file))?,
            dependencies_file: needed(
                "dependenciesFile",
                self.dependencies_file,
                like.map(|like| &like.dependencies_file),
            )?,
            no_dependencies: self.no_dependencies.unwrap_or(base.no_dependencies),
            base_image: self.base_image.or(base.base_image),
            env: self.env.map_or(base.env, |env| env.into_iter().collect()),
        })
    }
}
