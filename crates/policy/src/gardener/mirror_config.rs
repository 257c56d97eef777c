//! The rules of a `MirrorConfig`, in the words of the original.

use std::collections::HashSet;

use api::gardener::{Mirror, MirrorConfig, RegistryConfig};
use api::names::gardener::CA_BUNDLE;

use super::document::Place;
use crate::registry_caches::{address, entry};
use crate::rule::Rule;
use crate::secret_object::SecretObject;
use crate::violation::{Violation, Violations};

/// What a mirror can be used for.
const CAPABILITIES: [&str; 2] = ["pull", "resolve"];

/// What is wrong with a document.
pub(super) fn check(place: &Place, config: &MirrorConfig, violations: &mut Violations) {
    let mirrors = config.mirrors.as_deref().unwrap_or_default();
    if mirrors.is_empty() {
        let what_for = "at least one mirror must be provided";
        violations.push(Violation::required(Rule::GardenerMirrors, place.member("mirrors"), what_for));
    }
    let mut upstreams = HashSet::new();
    for (index, mirror) in mirrors.iter().enumerate() {
        let path = place.member(&format!("mirrors[{index}]"));
        check_mirror(&path, mirror, violations);
        if !upstreams.insert(mirror.upstream.as_str()) {
            let field = format!("{path}.upstream");
            violations.push(Violation::duplicate(Rule::GardenerMirrors, field, mirror.upstream.as_str()));
        }
    }
}

fn check_mirror(path: &str, mirror: &Mirror, violations: &mut Violations) {
    entry::check_upstream(path, &mirror.upstream, violations);
    let hosts = mirror.hosts.as_deref().unwrap_or_default();
    if hosts.is_empty() {
        let (field, what_for) = (format!("{path}.hosts"), "at least one host must be provided");
        violations.push(Violation::required(Rule::GardenerMirrors, field, what_for));
    }
    let mut seen = HashSet::new();
    for (index, host) in hosts.iter().enumerate() {
        let path = format!("{path}.hosts[{index}]");
        let field = format!("{path}.host");
        address::check_url_with_path(&field, &host.host, violations);
        if !seen.insert(host.host.as_str()) {
            let value = if host.host.contains('@') { "(withheld)" } else { &host.host };
            violations.push(Violation::duplicate(Rule::GardenerMirrors, field, value));
        }
        check_capabilities(&path, host.capabilities.as_deref().unwrap_or_default(), violations);
    }
}

fn check_capabilities(path: &str, capabilities: &[String], violations: &mut Violations) {
    let mut seen = HashSet::new();
    for (index, capability) in capabilities.iter().enumerate() {
        let (rule, field) = (Rule::GardenerMirrors, format!("{path}.capabilities"));
        if !CAPABILITIES.contains(&capability.as_str()) {
            let value = capability.as_str();
            violations.push(Violation::not_supported(rule, field.as_str(), value, CAPABILITIES));
        }
        if !seen.insert(capability) {
            violations.push(Violation::duplicate(rule, format!("{field}[{index}]"), capability.as_str()));
        }
    }
}

/// Upstreams that have a cache, too.
pub(super) fn check_caches(
    place: &Place,
    config: &MirrorConfig,
    caches: &RegistryConfig,
    violations: &mut Violations,
) {
    let upstreams: HashSet<_> = caches.caches.iter().flatten().map(|cache| cache.upstream.as_str()).collect();
    for (index, mirror) in config.mirrors.iter().flatten().enumerate() {
        let upstream = mirror.upstream.as_str();
        if upstreams.contains(upstream) {
            let field = place.member(&format!("mirrors[{index}].upstream"));
            let must = format!("upstream host '{upstream}' is also configured as a registry cache upstream");
            violations.push(Violation::invalid(Rule::GardenerMirrors, field, upstream, must));
        }
    }
}

/// What is wrong with the Secret that holds the authority of a mirror. `name` is namespace and name of the Secret.
pub(super) fn check_ca_bundle(
    field: &str,
    reference: &str,
    name: &str,
    secret: &SecretObject<'_>,
) -> Vec<Violation> {
    let data = match secret.data() {
        Ok(data) => data,
        Err(violations) => return violations,
    };
    let mut found = Vec::new();
    if !secret.immutable {
        found.push(format!("the referenced CA bundle secret {name:?} should be immutable"));
    }
    match data.get(CA_BUNDLE) {
        None => found
            .push(format!("missing {CA_BUNDLE:?} data entry in the referenced CA bundle secret {name:?}")),
        Some(bundle) => {
            let text = std::str::from_utf8(bundle);
            if !text.is_ok_and(address::holds_certificates) {
                found.push("the CA bundle is not a valid PEM-encoded certificate".to_owned());
            }
        }
    }
    if data.len() > 1 {
        found.push(format!(
            "the referenced CA bundle secret {name:?} should only have a single data entry with key {CA_BUNDLE:?}"
        ));
    }
    let violation = |must| Violation::invalid(Rule::GardenerCaBundle, field, reference, must);
    found.into_iter().map(violation).collect()
}
