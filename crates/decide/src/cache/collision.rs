//! Which of two caches stays whose objects would have the same names.

use std::sync::Arc;

use api::cache::{CacheConditionType, CacheReason, RegistryCache};
use jiff::Timestamp;
use policy::registry_caches::{Collision, collision};

/// The caches that a change of one concerns: younger ones that would have its names now, and those whose names it may have had
/// so far.
#[must_use]
pub fn concerned(cache: &RegistryCache, all: Vec<Arc<RegistryCache>>) -> Vec<Arc<RegistryCache>> {
    let others = all.into_iter().filter(|other| age(cache) < age(other));
    others.filter(|other| collision(&cache.spec, &other.spec).is_some() || has_yielded(other)).collect()
}

fn has_yielded(cache: &RegistryCache) -> bool {
    let conditions = cache.status.iter().flat_map(|status| status.conditions.iter().flatten());
    let mut ready = conditions.filter(|condition| condition.kind == CacheConditionType::Ready.as_str());
    ready.any(|ready| ready.reason.as_deref() == Some(CacheReason::NameCollision.as_str()))
}

/// What is compared of two caches.
fn age(cache: &RegistryCache) -> (Option<Timestamp>, Option<&str>) {
    let created = cache.metadata.creation_timestamp.as_ref().map(|created| created.0);
    (created, cache.metadata.name.as_deref())
}

/// The older cache that has names of this one, and the name; of two that are as old, that with the lower name is the older one.
#[must_use]
pub fn older<'a>(cache: &RegistryCache, all: &'a [Arc<RegistryCache>]) -> Option<(&'a str, Collision)> {
    let others = all.iter().filter(|other| other.metadata.deletion_timestamp.is_none());
    let mut older: Vec<_> = others.filter(|other| age(other) < age(cache)).collect();
    older.sort_by(|one, other| age(one).cmp(&age(other)));
    older
        .into_iter()
        .find_map(|other| Some((other.metadata.name.as_deref()?, collision(&cache.spec, &other.spec)?)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::json;

    use super::*;

    #[test]
    fn the_older_one_stays_and_then_the_lower_name() {
        let cache = |name: &str, day: u8, upstream: &str| -> Arc<RegistryCache> {
            let created = format!("2026-11-{day:02}T00:00:00Z");
            let metadata = json!({"name": name, "creationTimestamp": created});
            let cache = json!({"metadata": metadata, "spec": {"upstream": upstream}});
            Arc::new(serde_json::from_value(cache).unwrap())
        };
        let all = [
            cache("young", 3, "a.b"),
            cache("old", 1, "a-b"),
            cache("b", 2, "a.b"),
            cache("a", 2, "a.b"),
            cache("other", 1, "c.d"),
        ];
        let older = |index: usize| older(&all[index], &all);
        assert_eq!(older(1), None);
        assert_eq!(older(4), None);
        let taken = Collision::Objects("registry-a-b".to_owned());
        for index in [0, 2, 3] {
            assert_eq!(older(index), Some(("old", taken.clone())));
        }
        // A change of the oldest one concerns those that would yield to it, and no others.
        let concerned: Vec<_> = concerned(&all[1], all.to_vec());
        let names: Vec<_> = concerned.iter().filter_map(|cache| cache.metadata.name.as_deref()).collect();
        assert_eq!(names, ["young", "b", "a"]);
        let mut yielded = RegistryCache::clone(&all[0]);
        yielded.spec.upstream = "e.f".to_owned();
        assert!(super::concerned(&all[1], vec![Arc::new(yielded.clone())]).is_empty());
        let ready = json!({"type": "Ready", "status": "False", "reason": "NameCollision"});
        yielded.status = Some(serde_json::from_value(json!({"conditions": [ready]})).unwrap());
        assert_eq!(super::concerned(&all[1], vec![Arc::new(yielded)]).len(), 1);
        let twins = [cache("b", 2, "a.b"), cache("a", 2, "a.b")];
        assert_eq!(super::older(&twins[0], &twins), Some(("a", taken)));
        assert_eq!(super::older(&twins[1], &twins), None);
    }
}
