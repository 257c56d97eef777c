//! Caches whose objects would have the same names. `a.b:5000`, `a.b-5000` and `a-b-5000` have one name.

use api::cache::RegistryCacheSpec;
use api::names::cache::{resource, service};

/// The names that a cache takes: that of its objects, and that of its Service. The two may be the same.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Names {
    /// That of all objects but the Service.
    pub resource: String,
    /// That of the Service.
    pub service: String,
}

impl Names {
    /// Those of a cache.
    #[must_use]
    pub fn of(spec: &RegistryCacheSpec) -> Self {
        Self {
            resource: resource(&spec.upstream),
            service: service(&spec.upstream, spec.service_name_suffix.as_deref()),
        }
    }
}

/// The name that two caches would share.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Collision {
    /// That of all objects: they can never exist side by side.
    Objects(String),
    /// That of the Service alone: another `serviceNameSuffix` of one of them helps.
    Service(String),
}

impl Collision {
    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        let (Self::Objects(name) | Self::Service(name)) = self;
        name
    }
}

/// The name that two caches would share, if they do.
#[must_use]
pub fn collision(one: &RegistryCacheSpec, other: &RegistryCacheSpec) -> Option<Collision> {
    let (one, other) = (Names::of(one), Names::of(other));
    if one.resource == other.resource {
        Some(Collision::Objects(one.resource))
    } else {
        (one.service == other.service).then_some(Collision::Service(one.service))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn spec(upstream: &str, suffix: Option<&str>) -> RegistryCacheSpec {
        RegistryCacheSpec {
            upstream: upstream.to_owned(),
            service_name_suffix: suffix.map(str::to_owned),
            ..RegistryCacheSpec::default()
        }
    }

    fn objects(name: &str) -> Collision {
        Collision::Objects(name.to_owned())
    }

    fn of_service(name: &str) -> Collision {
        Collision::Service(name.to_owned())
    }

    #[rstest]
    #[case::others(("docker.io", None), ("quay.io", None), None)]
    #[case::port_and_dash(("a.b:5000", None), ("a.b-5000", None), Some(objects("registry-a-b-5000")))]
    #[case::dot_and_dash(("a.b", None), ("a-b", None), Some(objects("registry-a-b")))]
    #[case::suffix_and_name(("a.b", None), ("c.d", Some("a-b")), Some(of_service("registry-a-b")))]
    #[case::two_suffixes(("a.b", Some("x")), ("c.d", Some("x")), Some(of_service("registry-x")))]
    #[case::suffixes_keep_services_apart(("a.b", Some("x")), ("a-b", Some("y")), Some(objects("registry-a-b")))]
    #[case::suffix_and_stateful_set(("a.b", Some("x")), ("c.d", Some("a-b")), None)]
    fn names_are_compared(
        #[case] one: (&str, Option<&str>),
        #[case] other: (&str, Option<&str>),
        #[case] expected: Option<Collision>,
    ) {
        let (one, other) = (spec(one.0, one.1), spec(other.0, other.1));
        assert_eq!(collision(&one, &other), expected);
        assert_eq!(collision(&other, &one), expected);
    }
}
