//! Caches whose objects would have the same names. `a.b:5000`, `a.b-5000` and `a-b-5000` have one name.

use std::sync::Arc;

use api::cache::{RegistryCache, RegistryCacheSpec};
use api::names::cache::{resource, service};

/// The name that two caches would share, if they do: that of all objects, or that of the Service.
#[must_use]
pub fn collision(one: &RegistryCacheSpec, other: &RegistryCacheSpec) -> Option<String> {
    let resource = |spec: &RegistryCacheSpec| resource(&spec.upstream);
    let service = |spec: &RegistryCacheSpec| service(&spec.upstream, spec.service_name_suffix.as_deref());
    let shared = |name: &dyn Fn(&RegistryCacheSpec) -> String| {
        let name_of_one = name(one);
        (name_of_one == name(other)).then_some(name_of_one)
    };
    shared(&resource).or_else(|| shared(&service))
}

/// The older cache that has names of this one, and the name; of two that are as old, that with the lower name is the older one.
#[must_use]
pub fn older<'a>(cache: &RegistryCache, all: &'a [Arc<RegistryCache>]) -> Option<(&'a str, String)> {
    let age = |cache: &RegistryCache| {
        let created = cache.metadata.creation_timestamp.as_ref().map(|created| created.0);
        (created, cache.metadata.name.clone())
    };
    let others = all.iter().filter(|other| other.metadata.deletion_timestamp.is_none());
    let mut older: Vec<_> = others.filter(|other| age(other) < age(cache)).collect();
    older.sort_by_key(|other| age(other));
    older
        .into_iter()
        .find_map(|other| Some((other.metadata.name.as_deref()?, collision(&cache.spec, &other.spec)?)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn spec(upstream: &str, suffix: Option<&str>) -> RegistryCacheSpec {
        RegistryCacheSpec {
            upstream: upstream.to_owned(),
            service_name_suffix: suffix.map(str::to_owned),
            ..RegistryCacheSpec::default()
        }
    }

    #[rstest]
    #[case::others(("docker.io", None), ("quay.io", None), None)]
    #[case::port_and_dash(("a.b:5000", None), ("a.b-5000", None), Some("registry-a-b-5000"))]
    #[case::dot_and_dash(("a.b", None), ("a-b", None), Some("registry-a-b"))]
    #[case::suffix_and_name(("a.b", None), ("c.d", Some("a-b")), Some("registry-a-b"))]
    #[case::two_suffixes(("a.b", Some("x")), ("c.d", Some("x")), Some("registry-x"))]
    #[case::suffixes_keep_services_apart(("a.b", Some("x")), ("a-b", Some("y")), Some("registry-a-b"))]
    #[case::suffix_and_stateful_set(("a.b", Some("x")), ("c.d", Some("a-b")), None)]
    fn names_are_compared(
        #[case] one: (&str, Option<&str>),
        #[case] other: (&str, Option<&str>),
        #[case] expected: Option<&str>,
    ) {
        let (one, other) = (spec(one.0, one.1), spec(other.0, other.1));
        assert_eq!(collision(&one, &other).as_deref(), expected);
        assert_eq!(collision(&other, &one).as_deref(), expected);
    }

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
        for index in [0, 2, 3] {
            assert_eq!(older(index), Some(("old", "registry-a-b".to_owned())));
        }
        let twins = [cache("b", 2, "a.b"), cache("a", 2, "a.b")];
        assert_eq!(super::older(&twins[0], &twins), Some(("a", "registry-a-b".to_owned())));
        assert_eq!(super::older(&twins[1], &twins), None);
    }
}
