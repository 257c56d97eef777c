//! What must be there before anything can be made of a Function: its runtime, and a registry.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::time::Duration;

use api::names::{config_label, registry_secret, runtime_label};
use api::{ConditionType, Reason};
use jiff::Timestamp;

use super::config::{Config, Runtime};
use super::model::{Function, Status};
use super::observed::Observed;
use super::registry::{Registry, RegistryProblem};
use super::runtime::{MAX_FILE_NAME, MAX_FILES, RuntimeImage, RuntimeProblem};
use crate::draft::Draft;

/// How soon after its first Function a namespace has a registry that the controller gives it.
const GIVEN_WITHIN: Duration = Duration::from_secs(30);
/// What is said beside of what is missing in a namespace that gets no copies.
const EXCLUDED: &str =
    ", which is excluded from copies: create it there, or move the Function to another namespace";

/// All of it; `None` if something is missing, which has been said.
pub(super) fn check<'a>(
    config: &'a Config,
    function: &Function,
    observed: &'a Observed,
    draft: &mut Draft<Status>,
) -> Option<(Cow<'a, Runtime>, &'a RuntimeImage, &'a Registry)> {
    let name = function.runtime.as_str();
    let namespace = &function.identity.namespace;
    let copies = if config.excluded_namespaces.contains(namespace) { EXCLUDED } else { "" };
    let miss = |draft: &mut Draft<Status>, reason, message| {
        draft.set(ConditionType::ConfigurationReady, "False", reason, message);
    };
    let Some(runtime) = runtime(config, observed, name) else {
        let installed = observed.installed.0.keys().filter(|name| !config.removed_runtimes.contains(*name));
        let known: BTreeSet<_> = config.runtimes.keys().chain(installed).map(String::as_str).collect();
        let known = Vec::from_iter(known).join(", ");
        miss(
            draft,
            Reason::RuntimeMissing,
            format!("Runtime {name:?} is not known; known runtimes: {known}"),
        );
        return None;
    };
    let image = match &observed.runtime_image {
        Ok(image) => image,
        Err(problem) => {
            miss(draft, Reason::RuntimeMissing, runtime_message(problem, name, namespace, copies));
            return None;
        }
    };
    let registry = match &observed.registry {
        Ok(registry) => registry,
        Err(problem) => {
            let reason = Reason::RegistryConfigMissing;
            match given_soon(config, function, problem, draft.now.0) {
                None => miss(draft, reason, registry_message(problem, namespace, copies)),
                Some(rest) => {
                    let message = format!("The controller gives namespace {namespace} a registry");
                    draft.set(ConditionType::ConfigurationReady, "Unknown", reason, message);
                    draft.wake_in(rest);
                }
            }
            return None;
        }
    };
    // A Pod without it would not start, or pull without credentials.
    if let Some(account) = &observed.missing_account {
        let message = format!(
            "ServiceAccount {account}, which builds or pulls images, is not in namespace {namespace}{copies}"
        );
        miss(draft, Reason::RegistryConfigMissing, message);
        return None;
    }
    Some((runtime, image, registry))
}

/// How long the controller may still take to give the namespace of a new Function a registry, if it does.
fn given_soon(
    config: &Config,
    function: &Function,
    problem: &RegistryProblem,
    now: Timestamp,
) -> Option<Duration> {
    let is_given = config.gives_registries
        && *problem == RegistryProblem::Missing
        && !config.excluded_namespaces.contains(&function.identity.namespace);
    let created = function.metadata.creation_timestamp.as_ref().filter(|_| is_given)?;
    let age = Duration::try_from(now.duration_since(created.0)).unwrap_or_default();
    GIVEN_WITHIN.checked_sub(age).filter(|rest| !rest.is_zero())
}

/// The runtime of a name: as it is configured or built in, otherwise as the base namespace has it.
fn runtime<'a>(config: &'a Config, observed: &Observed, name: &str) -> Option<Cow<'a, Runtime>> {
    if let Some(runtime) = config.runtimes.get(name) {
        return Some(Cow::Borrowed(runtime));
    }
    let language = observed.installed.0.get(name).filter(|_| !config.removed_runtimes.contains(name))?;
    Some(Cow::Owned(Runtime::of(name, *language)))
}

fn runtime_message(problem: &RuntimeProblem, runtime: &str, namespace: &str, copies: &str) -> String {
    let labels =
        format!("{}={} and {}={runtime}", config_label::KEY, config_label::RUNTIME, runtime_label::RUNTIME);
    match problem {
        RuntimeProblem::Missing => {
            format!("No ConfigMap in namespace {namespace} has the labels {labels}{copies}")
        }
        RuntimeProblem::Several(names) => format!(
            "More than one ConfigMap in namespace {namespace} has the labels {labels}: {}; delete all but one",
            names.join(", ")
        ),
        RuntimeProblem::NoDockerfile(name) => format!(
            "ConfigMap {name} in namespace {namespace} has no key {}: put the Dockerfile of runtime {runtime} there",
            runtime_label::DOCKERFILE
        ),
        RuntimeProblem::TooManyFiles { config_map, files } => format!(
            "ConfigMap {config_map} in namespace {namespace} has {files} keys beside {}, and a build takes at most {MAX_FILES}: delete those that the Dockerfile does not copy, or pack several into one",
            runtime_label::DOCKERFILE
        ),
        RuntimeProblem::BadFileName(config_map) => format!(
            "ConfigMap {config_map} in namespace {namespace} has a key that is longer than {MAX_FILE_NAME} characters or is not a file name: rename it"
        ),
    }
}

fn registry_message(problem: &RegistryProblem, namespace: &str, copies: &str) -> String {
    match problem {
        RegistryProblem::Missing => format!(
            "Neither Secret {} nor {} is in namespace {namespace}{copies}",
            registry_secret::NAME,
            registry_secret::DEFAULT_NAME
        ),
        RegistryProblem::NoAddress { secret, key } => {
            format!("Secret {secret} in namespace {namespace} has no key {key}, or a blank one")
        }
        RegistryProblem::BadAddress { secret, key, rule } => {
            format!("Key {key} of Secret {secret} in namespace {namespace} {rule}")
        }
    }
}
