//! Caches whose objects would have the names of those of another cache.

use std::collections::HashMap;
use std::path::Path;

use api::cache::RegistryCacheSpec;
use policy::manifests::Manifest;
use policy::registry_caches::Names;
use policy::{Rule, Violation};
use serde::Deserialize as _;

use crate::cli::input::shown;

/// The names so far, with the caches that have them.
#[derive(Default)]
pub(super) struct Taken {
    resources: HashMap<String, Holder>,
    services: HashMap<String, Holder>,
}

#[derive(Clone)]
struct Holder {
    cache: String,
    place: String,
}

impl Taken {
    /// Notes a cache, and finds what is wrong if another one has its names. Another file with the same object is no other
    /// cache.
    pub(super) fn note(&mut self, manifest: &Manifest, file: &Path, line: usize) -> Option<Violation> {
        let spec = manifest.object.get("spec").filter(|_| manifest.kind == "RegistryCache")?;
        let spec = RegistryCacheSpec::deserialize(spec).ok().filter(|spec| !spec.upstream.is_empty())?;
        let Names { resource, service } = Names::of(&spec);
        let holder = Holder { cache: manifest.name.clone(), place: format!("{}:{line}", shown(file)) };
        let suffix = spec.service_name_suffix.as_deref();
        let (field, value) = suffix
            .map_or(("spec.upstream", spec.upstream.as_str()), |suffix| ("spec.serviceNameSuffix", suffix));
        [
            (&mut self.resources, resource, "spec.upstream", spec.upstream.as_str(), "the objects of both"),
            (&mut self.services, service, field, value, "the Services of both"),
        ]
        .into_iter()
        .find_map(|(taken, name, field, value, what)| {
            let other = taken.entry(name.clone()).or_insert_with(|| holder.clone());
            let Holder { cache, place } = other;
            let must =
                format!("cannot collide with RegistryCache {cache} in {place}: {what} would be named {name}");
            let violation = Violation::invalid(Rule::CacheNameCollision, field, value, must);
            (*place != holder.place && *cache != holder.cache).then_some(violation)
        })
    }
}
