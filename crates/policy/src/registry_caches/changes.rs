//! What an UPDATE of a cache must not change: of a `RegistryCache`, and of an entry of `caches` of Gardener.

use api::RawQuantity;
use api::cache::{RegistryCacheSpec, must};

use crate::duration;
use crate::quantity::Quantity;
use crate::rule::Rule;
use crate::violation::{Violation, Violations};

/// The size of a volume that does not say so.
pub(crate) const SIZE: &str = "10Gi";
/// When images are deleted from a cache that does not say so.
pub(crate) const TTL: &str = "168h";

/// Checks the entry at `path` of an upstream.
pub(crate) fn check(
    path: &str,
    new: &RegistryCacheSpec,
    old: &RegistryCacheSpec,
    violations: &mut Violations,
) {
    let mut refuse = |field: &str, value: &str, must: &str| {
        violations.push(Violation::invalid(Rule::CacheFixed, format!("{path}.{field}"), value, must));
    };
    let size = |spec: &RegistryCacheSpec| {
        let size = spec.volume.as_ref().and_then(|volume| volume.size.as_ref()).map(RawQuantity::text);
        Quantity::parse(&size.unwrap_or(SIZE.into())).ok()
    };
    if let (Some(now), Some(before)) = (size(new), size(old))
        && now != before
    {
        refuse("volume.size", &now.to_string(), must::IMMUTABLE);
    }
    let class = |spec: &RegistryCacheSpec| spec.volume.as_ref()?.storage_class_name.clone();
    if class(new) != class(old) {
        refuse("volume.storageClassName", &class(new).unwrap_or_default(), must::IMMUTABLE);
    }
    let ttl = |spec: &RegistryCacheSpec| {
        let ttl = spec.garbage_collection.as_ref().and_then(|collection| collection.ttl.clone());
        ttl.unwrap_or_else(|| TTL.to_owned())
    };
    let is_on = |ttl: &str| duration::parse(ttl).is_some_and(|nanoseconds| nanoseconds > 0);
    if duration::parse(&ttl(old)) == Some(0) && is_on(&ttl(new)) {
        refuse("garbageCollection.ttl", &ttl(new), must::TTL_STAYS_OFF);
    }
}
