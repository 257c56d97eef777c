//! What the author of valid registries should know.

use super::host::{DOCKER_HUB, Host};
use super::model::{Endpoint, Fallback, Registries, Registry};
use crate::decision::Warning;
use crate::rule::Rule;
use crate::text;

/// The most endpoints that a warning names.
const NAMED: usize = 5;

/// The warnings, in a fixed order, about the value at `path`.
pub(super) fn of(registries: &Registries, path: &str) -> Vec<Warning> {
    let named = |pick: fn(&Host, &Endpoint) -> bool| {
        let all = registries.0.iter().flat_map(move |(host, registry)| {
            registry
                .endpoints
                .iter()
                .filter(move |endpoint| pick(host, endpoint))
                .map(move |endpoint| (host, endpoint))
        });
        names(all)
    };
    let mut warnings = Vec::new();
    let mut warn = |rule, endpoints: Option<String>, text: &str| {
        warnings
            .extend(endpoints.map(|endpoints| Warning::new(rule, format!("{path}: {text}: {endpoints}"))));
    };
    warn(
        Rule::PullSecretsReachMirror,
        named(gets_pull_secrets),
        "containerd sends the pull Secrets of Pods to a mirror that answers 401, unless it has credentials or a ca of its own",
    );
    warn(
        Rule::StaticHeader,
        named(|_, endpoint| endpoint.credentials.is_some()),
        "containerd before 2.1 does not send these credentials to the token server of a registry, so pulls are anonymous: use 2.1 or the credential provider",
    );
    warn(
        Rule::DialTimeoutMissing,
        named(|host, endpoint| endpoint.dial_timeout.is_none() && is_remote_mirror(host, endpoint)),
        "a pull waits 30s for a mirror that is down: set dialTimeout, such as 1s",
    );
    warn(
        Rule::RegistryHostPort,
        joined(registries.0.keys().filter(|host| host.has_port_of_https()).map(Host::to_string)),
        "containerd uses these for images whose names have the port, not for those without it",
    );
    let hub = Host::parse(DOCKER_HUB).ok().and_then(|hub| Some((registries.0.get(&hub)?, hub)));
    if hub.is_some_and(|(registry, hub)| is_anonymous(registry, &hub)) {
        let text = format!(
            "{path}[{DOCKER_HUB}]: Docker Hub without credentials allows 100 pulls in six hours from one address: add registry-1.docker.io with credentials"
        );
        warnings.push(Warning::new(Rule::DockerHubAnonymous, text));
    }
    warnings
}

fn gets_pull_secrets(host: &Host, endpoint: &Endpoint) -> bool {
    let is_own = endpoint.credentials.is_some() || endpoint.ca.is_some();
    !is_own && is_remote_mirror(host, endpoint)
}

/// What is on the node gets nothing that leaves it, and refuses connections at once when it is down.
fn is_remote_mirror(host: &Host, endpoint: &Endpoint) -> bool {
    !endpoint.is_upstream_of(host) && !endpoint.address.is_of_the_node()
}

/// Whether pulls reach the registry itself without credentials.
fn is_anonymous(registry: &Registry, host: &Host) -> bool {
    let mut upstream = registry.endpoints.iter().filter(|endpoint| endpoint.is_upstream_of(host)).peekable();
    match upstream.peek() {
        None => registry.fallback == Fallback::Upstream,
        Some(_) => upstream.any(|endpoint| endpoint.credentials.is_none()),
    }
}

/// `docker.io at mirror.example.com, …`, or none.
fn names<'a>(endpoints: impl Iterator<Item = (&'a Host, &'a Endpoint)>) -> Option<String> {
    joined(endpoints.map(|(host, endpoint)| format!("{} of {host}", endpoint.address)))
}

fn joined(names: impl Iterator<Item = String>) -> Option<String> {
    let shown = text::first(names, NAMED);
    (!shown.is_empty()).then(|| shown.join(", "))
}
