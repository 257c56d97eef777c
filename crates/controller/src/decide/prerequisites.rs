//! What must be there before anything can be made of a Function: its runtime, and a registry.

use api::Function;
use api::names::{config_label, registry_secret, runtime_label};
use policy::registries::RegistryAddress;

use super::next::Next;
use super::{Kind, Observed, Reason};
use crate::config::{Config, Runtime};
use crate::desired::{Registry, RuntimeImage};
use crate::names::Identity;
use crate::stores::kept::{RegistrySecret, RuntimeMap};

/// Why there is no runtime.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RuntimeProblem {
    /// No ConfigMap is labelled with it.
    Missing,
    /// More than one is.
    Several(Vec<String>),
    /// The one that is holds no Dockerfile.
    NoDockerfile(String),
}

/// Why there is no registry.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RegistryProblem {
    /// There is no Secret.
    Missing,
    /// The Secret lacks an address.
    NoAddress {
        /// The Secret.
        secret: String,
        /// The key of the address.
        key: &'static str,
    },
    /// An address of the Secret is none.
    BadAddress {
        /// The Secret.
        secret: String,
        /// The key of the address.
        key: &'static str,
        /// What it must be.
        rule: &'static str,
    },
}

/// All of it; `None` if something is missing, which has been said.
pub(super) fn check<'a>(
    config: &'a Config,
    function: &Function,
    observed: &'a Observed,
    identity: &Identity,
    next: &mut Next,
) -> Option<(&'a Runtime, &'a RuntimeImage, &'a Registry)> {
    let name = function.spec.runtime.as_deref().unwrap_or_default();
    let namespace = &identity.namespace;
    let mut miss = |reason, message| next.set(Kind::ConfigurationReady, "False", reason, message);
    let Some(runtime) = config.runtimes.get(name) else {
        let known: Vec<_> = config.runtimes.keys().map(String::as_str).collect();
        let message = format!("Runtime {name:?} is not configured; known runtimes: {}", known.join(", "));
        miss(Reason::RuntimeMissing, message);
        return None;
    };
    let image = match &observed.runtime_image {
        Ok(image) => image,
        Err(problem) => {
            miss(Reason::RuntimeMissing, runtime_message(problem, name, namespace));
            return None;
        }
    };
    let registry = match &observed.registry {
        Ok(registry) => registry,
        Err(problem) => {
            miss(Reason::RegistryConfigMissing, registry_message(problem, namespace));
            return None;
        }
    };
    // A Pod without it would not start, or pull without credentials.
    if let Some(account) = &observed.missing_account {
        let message = format!(
            "ServiceAccount {account}, with which images are built and pulled, is not in namespace {namespace}"
        );
        miss(Reason::RegistryConfigMissing, message);
        return None;
    }
    Some((runtime, image, registry))
}

/// The runtime of a name among the ConfigMaps of a namespace, each with its name.
pub(crate) fn runtime_image<'a>(
    maps: impl Iterator<Item = (&'a str, &'a RuntimeMap)>,
    runtime: &str,
) -> Result<RuntimeImage, RuntimeProblem> {
    let fitting: Vec<_> = maps.filter(|(_, map)| map.runtime == runtime).collect();
    match fitting.as_slice() {
        [] => Err(RuntimeProblem::Missing),
        [(name, map)] => match &map.dockerfile {
            Some(hash) => Ok(RuntimeImage { config_map: (*name).to_owned(), dockerfile: hash.clone() }),
            None => Err(RuntimeProblem::NoDockerfile((*name).to_owned())),
        },
        several => Err(RuntimeProblem::Several(several.iter().map(|(name, _)| (*name).to_owned()).collect())),
    }
}

/// The registry of a namespace: its own, or that of the installation.
pub(crate) fn registry(
    own: Option<&RegistrySecret>,
    default: Option<&RegistrySecret>,
) -> Result<Registry, RegistryProblem> {
    let named = own.map(|own| (registry_secret::NAME, own));
    let (name, secret) = named
        .or_else(|| default.map(|default| (registry_secret::DEFAULT_NAME, default)))
        .ok_or(RegistryProblem::Missing)?;
    let address = |address: &Option<String>, key| {
        let secret = || name.to_owned();
        let text = address.clone().ok_or_else(|| RegistryProblem::NoAddress { secret: secret(), key })?;
        let judged = RegistryAddress::parse(&text);
        judged.map(|_| text).map_err(|rule| RegistryProblem::BadAddress { secret: secret(), key, rule })
    };
    let push = address(&secret.registry_address, registry_secret::REGISTRY_ADDRESS)?;
    let pull = if own.is_none() && secret.is_internal {
        address(&secret.server_address, registry_secret::SERVER_ADDRESS)?
    } else {
        push.clone()
    };
    Ok(Registry { secret: name.to_owned(), version: secret.version.clone(), push, pull })
}

fn runtime_message(problem: &RuntimeProblem, runtime: &str, namespace: &str) -> String {
    let labels =
        format!("{}={} and {}={runtime}", config_label::KEY, config_label::RUNTIME, runtime_label::RUNTIME);
    match problem {
        RuntimeProblem::Missing => format!("No ConfigMap in namespace {namespace} has the labels {labels}"),
        RuntimeProblem::Several(names) => format!(
            "More than one ConfigMap in namespace {namespace} has the labels {labels}: {}; delete all but one",
            names.join(", ")
        ),
        RuntimeProblem::NoDockerfile(name) => format!(
            "ConfigMap {name} in namespace {namespace} has no key {}: put the Dockerfile of runtime {runtime} there",
            runtime_label::DOCKERFILE
        ),
    }
}

fn registry_message(problem: &RegistryProblem, namespace: &str) -> String {
    match problem {
        RegistryProblem::Missing => format!(
            "Neither Secret {} nor {} is in namespace {namespace}",
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
