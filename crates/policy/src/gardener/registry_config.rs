//! The rules of a `RegistryConfig`. All texts but that of names that collide are those of the original.

use std::collections::{HashMap, HashSet};

use api::cache::{RegistryCacheSpec, must};
use api::gardener::{Cache, RegistryConfig};

use super::convert;
use super::document::Place;
use crate::decision::Warning;
use crate::duration;
use crate::registry_caches::{Names, changes, entry};
use crate::rule::Rule;
use crate::violation::{Violation, Violations};

/// What is wrong with a document, and what its author should know.
pub(super) fn check(
    place: &Place,
    config: &RegistryConfig,
    violations: &mut Violations,
    warnings: &mut Vec<Warning>,
) {
    let caches = config.caches.as_deref().unwrap_or_default();
    if caches.is_empty() {
        let what_for = "at least one cache must be provided";
        violations.push(Violation::required(Rule::GardenerCaches, place.member("caches"), what_for));
    }
    let specs: Vec<_> = caches.iter().map(convert::cache).collect();
    let mut upstreams = HashSet::new();
    for (index, (cache, spec)) in caches.iter().zip(&specs).enumerate() {
        let path = place.member(&format!("caches[{index}]"));
        check_cache(place, &path, cache, spec, violations);
        if !upstreams.insert(spec.upstream.as_str()) {
            let field = format!("{path}.upstream");
            violations.push(Violation::duplicate(Rule::GardenerCaches, field, spec.upstream.as_str()));
        }
        warnings.extend(about_zero_values(&path, cache));
    }
    check_names(place, &specs, violations);
}

fn check_cache(
    place: &Place,
    path: &str,
    cache: &Cache,
    spec: &RegistryCacheSpec,
    violations: &mut Violations,
) {
    entry::check_upstream(path, &spec.upstream, violations);
    entry::check_remote_url(path, spec, violations);
    entry::check_volume(path, spec, violations);
    let ttl = cache.garbage_collection.as_ref().and_then(|collection| collection.ttl.as_deref());
    if let Some(ttl) = ttl {
        let field = format!("{path}.garbageCollection.ttl");
        match duration::parse(ttl) {
            None => {
                let why = format!("time: invalid duration {:?}", crate::text::printable(ttl, TTL_SHOWN));
                violations.push(place.unreadable_value(field, &why));
            }
            Some(ttl) if ttl < 0 => {
                let value = duration::to_text(ttl);
                let must = must::TTL_NON_NEGATIVE;
                violations.push(Violation::invalid(Rule::CacheTtl, field, value.as_str(), must));
            }
            Some(_) => {}
        }
    }
    if let Some(proxy) = &spec.proxy {
        entry::check_proxies(path, proxy, violations);
    }
    if let Some(suffix) = &spec.service_name_suffix {
        entry::check_suffix(path, suffix, violations);
    }
}

/// How much of something that is no duration is shown.
const TTL_SHOWN: usize = 64;

/// Names that two caches would share.
fn check_names(place: &Place, specs: &[RegistryCacheSpec], violations: &mut Violations) {
    let mut suffixes = HashSet::new();
    let mut services: HashMap<String, &str> = HashMap::new();
    let mut resources: HashMap<String, &str> = HashMap::new();
    for (index, spec) in specs.iter().enumerate() {
        let Names { resource, service } = Names::of(spec);
        let upstream = spec.upstream.as_str();
        if spec.service_name_suffix.is_none() {
            services.insert(service, upstream);
        }
        let other = *resources.entry(resource.clone()).or_insert(upstream);
        if other != upstream {
            let field = place.member(&format!("caches[{index}].upstream"));
            let must = format!(
                "cannot collide with {other:?} upstream: the objects of both would be named {resource}"
            );
            violations.push(Violation::invalid(Rule::CacheNameCollision, field, upstream, must));
        }
    }
    for (index, spec) in specs.iter().enumerate() {
        let Some(suffix) = spec.service_name_suffix.as_deref() else { continue };
        let field = place.member(&format!("caches[{index}].serviceNameSuffix"));
        if !suffixes.insert(suffix) {
            violations.push(Violation::duplicate(Rule::GardenerCaches, field.as_str(), suffix));
        }
        if let Some(other) = services.get(&Names::of(spec).service) {
            let must = format!("cannot collide with {other:?} upstream");
            violations.push(Violation::invalid(Rule::CacheNameCollision, field, suffix, must));
        }
    }
}

/// What an update must not change, of each upstream that stays.
pub(super) fn check_update(
    place: &Place,
    new: &RegistryConfig,
    old: &RegistryConfig,
    violations: &mut Violations,
) {
    let mut before: HashMap<&str, &Cache> = HashMap::new();
    for cache in old.caches.iter().flatten() {
        before.entry(&cache.upstream).or_insert(cache);
    }
    for (index, cache) in new.caches.iter().flatten().enumerate() {
        if let Some(old) = before.get(cache.upstream.as_str()) {
            let path = place.member(&format!("caches[{index}]"));
            changes::check(&path, &convert::cache(cache), &convert::cache(old), violations);
        }
    }
}

/// Members that are missing where Go reads zero, and not the default.
fn about_zero_values(path: &str, cache: &Cache) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if cache.garbage_collection.as_ref().is_some_and(|collection| collection.ttl.is_none()) {
        let text = format!(
            "{path}.garbageCollection: without ttl, images are never deleted: the default applies only without garbageCollection"
        );
        warnings.push(Warning::new(Rule::GardenerZeroValue, text));
    }
    if cache.http.as_ref().is_some_and(|http| http.tls.is_none()) {
        let text = format!(
            "{path}.http: without tls, nodes reach the cache by HTTP: the default applies only without http"
        );
        warnings.push(Warning::new(Rule::GardenerZeroValue, text));
    }
    warnings
}
