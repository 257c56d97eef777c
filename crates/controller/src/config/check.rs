//! What the configuration must be: every value in its bounds, and every error with its field and the remedy.

use std::time::Duration;

use api::Language;
use decide::function::Config as FunctionConfig;
use decide::function::config::Runtime;
use policy::config::ConfigError;
use policy::registries::RegistryAddress;
use remote::git::GitConfig;

use super::checked::{Config, Propagation};
use super::errors::Errors;
use super::raw::{RawBuild, RawConfig, RawFunction, RawGit, RawPropagation, RawRegistryCheck, RawRuntime};

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

/// What is wrong with an executor whose engine is not named.
const NO_ENGINE: &str = "needs build.engine beside it: \"kaniko\" if it is for kaniko, which was the default before, otherwise \"buildkit\" or \"buildkit-rootless\"";

impl RawConfig {
    /// Checks all of it.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn check(self) -> Result<Config, Vec<ConfigError>> {
        let Self {
            build,
            caches,
            function,
            git,
            image_registries,
            propagation,
            registry_check,
            runtimes,
            workers,
        } = self;
        let (mut checked, mut errors) = (Config::default(), Errors::default());
        build.check(&mut checked, &mut errors);
        function.check(&mut checked.functions, &mut errors);
        git.check(&mut checked.git, &mut errors);
        image_registries.check(&mut checked.image_registries, &mut errors);
        checked.caches = caches.check(&checked.image_registries, &mut errors);
        checked.functions.host_keys = checked.git.host_keys;
        propagation.check(&mut checked.propagation, &mut errors);
        checked.functions.excluded_namespaces.clone_from(&checked.propagation.excluded_namespaces);
        checked.functions.gives_registries = checked.image_registries.for_functions.is_some();
        registry_check.check(&mut checked, &mut errors);
        checked.functions.plain_http.clone_from(&checked.registries.plain_http);
        match workers {
            Some(0) => errors.add("workers", "0 must be at least 1".to_owned()),
            Some(workers) => checked.workers = workers,
            None => {}
        }
        for (name, given) in runtimes {
            let runtimes = &mut checked.functions.runtimes;
            match given.map(|given| given.runtime(&name)) {
                Some(Ok(runtime)) => drop(runtimes.insert(name, runtime)),
                Some(Err((field, problem))) => errors.add(&format!("runtimes.{name}.{field}"), problem),
                None => {
                    runtimes.remove(&name);
                    checked.functions.removed_runtimes.insert(name);
                }
            }
        }
        if checked.functions.runtimes.is_empty() {
            errors.add("runtimes", "must leave at least one runtime".to_owned());
        }
        if errors.0.is_empty() { Ok(checked) } else { Err(errors.0) }
    }
}

impl RawBuild {
    fn check(self, checked: &mut Config, errors: &mut Errors) {
        let functions = &mut checked.functions;
        let engine = self.engine.unwrap_or_default();
        (functions.engine, functions.executor_args) = (engine, engine.args());
        engine.image().clone_into(&mut functions.executor_image);
        functions.build_cache = self.cache.unwrap_or(functions.build_cache);
        if self.engine.is_none() {
            // They were for kaniko while that was the only one: nobody can know what they are for now.
            let given = [
                ("build.executorImage", self.executor_image.is_some()),
                ("build.executorArgs", self.executor_args.is_some()),
            ];
            for (field, _) in given.iter().filter(|(_, is_given)| *is_given) {
                errors.add(field, NO_ENGINE.to_owned());
            }
        }
        errors.text("build.executorImage", self.executor_image, &mut functions.executor_image);
        errors.text("build.fetcherImage", self.fetcher_image, &mut functions.fetcher_image);
        errors.text("build.serviceAccount", self.service_account, &mut functions.build_service_account);
        let second = Duration::from_secs(1);
        errors.duration("build.deadline", self.deadline, second..=WEEK, &mut functions.build_deadline);
        let mut retry = functions.build_retry.unwrap_or_default();
        errors.duration("build.retry", self.retry, Duration::ZERO..=WEEK, &mut retry);
        functions.build_retry = Some(retry).filter(|retry| !retry.is_zero());
        if let Some(args) = self.executor_args {
            functions.executor_args = args;
        }
        let all = || 1..=usize::MAX;
        let number = self.max_simultaneous_jobs;
        errors.number("build.maxSimultaneousJobs", number, all(), &mut checked.max_builds);
        if let Some(given) = self.max_jobs_per_namespace {
            let share = checked.max_builds_per_namespace.insert(1);
            errors.number("build.maxJobsPerNamespace", Some(given), all(), share);
        }
    }
}

impl RawFunction {
    fn check(self, checked: &mut FunctionConfig, errors: &mut Errors) {
        let account = &mut checked.function_service_account;
        errors.text("function.serviceAccount", self.service_account, account);
        match self.target_cpu_utilization {
            Some(target) if !(1..=1000).contains(&target) => {
                errors.add("function.targetCpuUtilization", format!("{target} must be from 1 to 1000"));
            }
            Some(target) => checked.target_cpu = target,
            None => {}
        }
    }
}

impl RawGit {
    fn check(self, checked: &mut GitConfig, errors: &mut Errors) {
        let second = Duration::from_secs(1);
        errors.duration("git.pollInterval", self.poll_interval, second * 5..=DAY, &mut checked.poll);
        errors.duration("git.timeout", self.timeout, second..=ANSWER, &mut checked.timeout);
        errors.number("git.maxBytes", self.max_bytes, 1024..=MAX_BYTES, &mut checked.max_bytes);
        errors.number("git.concurrency", self.concurrency, 1..=MAX_CONCURRENCY, &mut checked.concurrency);
        checked.host_keys = self.host_keys.unwrap_or_default();
        checked.urls = self.urls.unwrap_or_default();
        checked.require_credentials_label = self.require_credentials_label.unwrap_or_default();
    }
}

impl RawPropagation {
    fn check(self, checked: &mut Propagation, errors: &mut Errors) {
        errors.text("propagation.baseNamespace", self.base_namespace, &mut checked.base_namespace);
        if let Some(excluded) = self.excluded_namespaces {
            checked.excluded_namespaces = excluded.into_iter().collect();
        }
    }
}

impl RawRegistryCheck {
    fn check(self, checked: &mut Config, errors: &mut Errors) {
        checked.registry_check = self.enabled.unwrap_or(checked.registry_check);
        let (second, timeout) = (Duration::from_secs(1), &mut checked.registries.timeout);
        errors.duration("registryCheck.timeout", self.timeout, second..=ANSWER, timeout);
        for (index, given) in self.plain_http.into_iter().flatten().enumerate() {
            match host(&given) {
                Ok(host) => drop(checked.registries.plain_http.insert(host)),
                Err(problem) => errors.add(&format!("registryCheck.plainHttp.{index}"), problem),
            }
        }
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
        let known = like.map(|like| &like.source_file);
        let source_file = needed("sourceFile", self.source_file, known)?;
        let known = like.map(|like| &like.dependencies_file);
        let dependencies_file = needed("dependenciesFile", self.dependencies_file, known)?;
        let base = like.cloned().unwrap_or_default();
        Ok(Runtime {
            language: base.language.or_else(|| Some(language_of(&dependencies_file))),
            source_file,
            dependencies_file,
            no_dependencies: self.no_dependencies.unwrap_or(base.no_dependencies),
            base_image: self.base_image.or(base.base_image),
            env: self.env.map_or(base.env, |env| env.into_iter().collect()),
        })
    }
}

/// The language whose dependencies have such a file.
fn language_of(dependencies_file: &str) -> Language {
    if dependencies_file == "package.json" { Language::Nodejs } else { Language::Python }
}
