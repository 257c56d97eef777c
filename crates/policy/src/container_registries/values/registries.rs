//! The hosts, each with its endpoints and what happens when none of them has an image.

use std::collections::{BTreeMap, HashSet};

use super::endpoint;
use super::reader::{Reader, member};
use crate::container_registries::host::Host;
use crate::container_registries::model::{Endpoint, Fallback, Registries, Registry};
use crate::container_registries::tree::Tree;
use crate::rule::Rule;
use crate::violation::{Value, Violation};

/// The key of the value.
pub const CONTAINER_REGISTRIES: &str = "containerRegistries";
const FALLBACK: &str = "fallback";
const ENDPOINTS: &str = "endpoints";
/// The values of `fallback`.
const UPSTREAM: &str = "Upstream";
const NONE: &str = "None";

/// The least similarity of a key to the key of the value that is no other word.
const MISSPELT: f64 = 0.92;

/// Whether a key is almost the key of the value.
pub(super) fn is_misspelt(key: &str) -> bool {
    key != CONTAINER_REGISTRIES && strsim::jaro_winkler(key, CONTAINER_REGISTRIES) >= MISSPELT
}

/// Reads the value; without it there are no registries.
pub(super) fn read(reader: &mut Reader, value: Option<&Tree>, path: &str) -> Registries {
    let Some(hosts) = value.and_then(|value| reader.members(value, path)) else {
        return Registries::default();
    };
    let mut registries = Registries::default();
    // What each host was called first.
    let mut names: BTreeMap<Host, &str> = BTreeMap::new();
    for (index, (name, value)) in hosts.iter().enumerate() {
        let field = format!("{path}[{name}]");
        let host = match Host::parse(name) {
            Ok(host) => host,
            Err(error) => {
                // Before `@` there may be a password.
                let field = if name.contains('@') { format!("{path}[{index}]") } else { field };
                reader.refuse(Rule::RegistryHostInvalid, field, error.as_str());
                continue;
            }
        };
        let registry = registry(reader, value, &field);
        if let Some(first) = names.get(&host) {
            let why = format!("{path}[{first}] is the same registry: write it once");
            reader.violations.push(Violation::forbidden(Rule::RegistryHostDuplicate, field, why));
            continue;
        }
        names.insert(host.clone(), name);
        registries.0.insert(host, registry);
    }
    registries
}

fn registry(reader: &mut Reader, value: &Tree, path: &str) -> Registry {
    let Tree::Map(members) = value else {
        return Registry { endpoints: endpoints(reader, value, path), fallback: Fallback::Upstream };
    };
    reader.only(members, path, &[FALLBACK, ENDPOINTS], |_| true);
    let fallback = fallback(reader, value, path);
    let endpoints = endpoints(reader, value.get(ENDPOINTS).unwrap_or(&Tree::Null), &member(path, ENDPOINTS));
    Registry { endpoints, fallback }
}

fn fallback(reader: &mut Reader, registry: &Tree, path: &str) -> Fallback {
    match reader.text(registry, path, FALLBACK) {
        None | Some(UPSTREAM) => Fallback::Upstream,
        Some(NONE) => Fallback::None,
        Some(_) => {
            let field = member(path, FALLBACK);
            reader.refuse(Rule::RegistryFallback, field, format!("must be {UPSTREAM} or {NONE}"));
            Fallback::Upstream
        }
    }
}

fn endpoints(reader: &mut Reader, value: &Tree, path: &str) -> Vec<Endpoint> {
    let empty = matches!(value, Tree::Null) || matches!(value, Tree::List(items) if items.is_empty());
    if empty {
        let what_for = "a list of at least one endpoint, such as [{endpoint: registry.example.com}]";
        reader.violations.push(Violation::required(Rule::RegistryEndpointsEmpty, path, what_for));
        return Vec::new();
    }
    let items = reader.items(value, path).unwrap_or_default();
    let mut endpoints: Vec<Endpoint> = Vec::new();
    let mut places = HashSet::new();
    for (index, item) in items.iter().enumerate() {
        let field = format!("{path}[{index}]");
        let Some(endpoint) = endpoint::read(reader, item, &field) else { continue };
        if !places.insert(endpoint.place()) {
            let field = member(&field, endpoint::ENDPOINT);
            let value = Value::Text(endpoint.address.to_string());
            reader.violations.push(Violation::duplicate(Rule::EndpointDuplicate, field, value));
            continue;
        }
        endpoints.push(endpoint);
    }
    endpoints
}
