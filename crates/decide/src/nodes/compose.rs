//! What all nodes are configured for: the registries of several Secrets, as one value.

use std::collections::BTreeMap;

use policy::container_registries::{Host, Registries};

/// The registries in a Secret; none if its values are invalid.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Source {
    /// The name of the Secret.
    pub name: String,
    /// What its values say.
    pub registries: Option<Registries>,
}

/// What nodes pull from, and the name of the Secret that each host belongs to.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Composed {
    /// What nodes pull from.
    pub registries: Registries,
    /// The name of the Secret, for each host.
    pub owners: BTreeMap<Host, String>,
}

/// What all Secrets say together.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Composition {
    /// What nodes pull from.
    pub composed: Composed,
    /// The hosts of a Secret, by its name, that belong to another Secret, each with the name of that Secret.
    pub conflicts: BTreeMap<String, BTreeMap<Host, String>>,
}

impl Composed {
    /// What belongs to a Secret.
    fn of(&self, name: &str) -> Registries {
        let owned = |host: &Host| self.owners.get(host).is_some_and(|owner| owner == name);
        let registries = self.registries.0.iter().filter(|(host, _)| owned(host));
        Registries(registries.map(|(host, registry)| (host.clone(), registry.clone())).collect())
    }
}

/// Composes the registries of Secrets. A host belongs to the Secret whose name sorts first.
///
/// A broken Secret leaves nodes as they are: what belongs to it in `present` stays.
#[must_use]
pub fn compose(sources: &[Source], present: &Composed) -> Composition {
    let mut sources: Vec<_> = sources.iter().collect();
    sources.sort_by_key(|source| &source.name);
    let mut composition = Composition::default();
    for source in sources {
        let registries = source.registries.clone().unwrap_or_else(|| present.of(&source.name));
        for (host, registry) in registries.0 {
            let composed = &mut composition.composed;
            if let Some(owner) = composed.owners.get(&host) {
                let conflicts = composition.conflicts.entry(source.name.clone()).or_default();
                conflicts.insert(host, owner.clone());
            } else {
                composed.owners.insert(host.clone(), source.name.clone());
                composed.registries.0.insert(host, registry);
            }
        }
    }
    composition
}

/// What is said of the hosts that another Secret configures: `docker.io is configured by the Secret a; …`.
#[must_use]
pub fn conflict_text(conflicts: &BTreeMap<Host, String>) -> String {
    let parts = conflicts.iter().map(|(host, owner)| format!("{host} is configured by the Secret {owner}"));
    parts.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nodes::examples::{endpoint, registry};

    fn host(text: &str) -> Host {
        Host::parse(text).unwrap()
    }

    fn source(name: &str, hosts: &[&str]) -> Source {
        let registries =
            hosts.iter().flat_map(|host| registry(host, vec![endpoint(&format!("{name}.example.com"))]).0);
        Source { name: name.to_owned(), registries: Some(Registries(registries.collect())) }
    }

    fn broken(name: &str) -> Source {
        Source { name: name.to_owned(), registries: None }
    }

    /// Each host with its first endpoint.
    fn endpoints(composition: &Composition) -> Vec<String> {
        let registries = composition.composed.registries.0.iter();
        registries.map(|(host, registry)| format!("{host} {}", registry.endpoints[0].address)).collect()
    }

    fn compose_first(sources: &[Source]) -> Composition {
        compose(sources, &Composed::default())
    }

    #[test]
    fn hosts_of_all_secrets_are_joined() {
        let composition = compose_first(&[source("b", &["quay.io"]), source("a", &["docker.io"])]);
        assert_eq!(endpoints(&composition), ["docker.io a.example.com", "quay.io b.example.com"]);
        assert_eq!(composition.conflicts, BTreeMap::new());
    }

    #[test]
    fn a_host_belongs_to_the_secret_whose_name_sorts_first() {
        let composition = compose_first(&[
            source("c", &["docker.io", "quay.io"]),
            source("b", &["docker.io"]),
            source("a", &["quay.io"]),
        ]);
        assert_eq!(endpoints(&composition), ["docker.io b.example.com", "quay.io a.example.com"]);
        let of_c = BTreeMap::from([(host("docker.io"), "b".to_owned()), (host("quay.io"), "a".to_owned())]);
        assert_eq!(
            conflict_text(&of_c),
            "docker.io is configured by the Secret b; quay.io is configured by the Secret a"
        );
        assert_eq!(composition.conflicts, BTreeMap::from([("c".to_owned(), of_c)]));
    }

    #[test]
    fn a_broken_secret_leaves_nodes_as_they_are() {
        let before = compose_first(&[source("b", &["docker.io", "quay.io"]), source("c", &["docker.io"])]);
        let after = compose(&[broken("b"), source("c", &["docker.io", "ghcr.io"])], &before.composed);
        assert_eq!(
            endpoints(&after),
            ["docker.io b.example.com", "ghcr.io c.example.com", "quay.io b.example.com"]
        );
        let of_c = BTreeMap::from([(host("docker.io"), "b".to_owned())]);
        assert_eq!(after.conflicts, BTreeMap::from([("c".to_owned(), of_c)]));
        // Who sorts before it takes the host over, and a Secret that is gone owns nothing.
        let taken = compose(&[source("a", &["docker.io"]), broken("b")], &before.composed);
        assert_eq!(endpoints(&taken), ["docker.io a.example.com", "quay.io b.example.com"]);
        assert_eq!(endpoints(&compose(&[broken("x")], &before.composed)), [""; 0]);
    }

    #[test]
    fn without_secrets_nothing_stays() {
        let before = compose_first(&[source("a", &["docker.io"])]);
        assert_eq!(compose(&[], &before.composed), Composition::default());
    }
}
