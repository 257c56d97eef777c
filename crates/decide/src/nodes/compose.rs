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

/// What all Secrets say together.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Composition {
    /// What nodes pull from.
    pub registries: Registries,
    /// The hosts of a Secret, by its name, that another Secret configures, each with the name of that Secret.
    pub conflicts: BTreeMap<String, BTreeMap<Host, String>>,
}

/// Composes the registries of Secrets. A host belongs to the Secret whose name sorts first.
///
/// What `present` says of a host stays as long as a Secret is invalid and no other Secret configures that host: a broken Secret
/// leaves nodes as they are.
#[must_use]
pub fn compose(sources: &[Source], present: Option<&Registries>) -> Composition {
    let mut sources: Vec<_> = sources.iter().collect();
    sources.sort_by_key(|source| &source.name);
    let mut composition = Composition::default();
    let mut owners: BTreeMap<&Host, &str> = BTreeMap::new();
    let valid = sources.iter().filter_map(|source| Some((source, source.registries.as_ref()?)));
    for (source, (host, registry)) in
        valid.flat_map(|(source, registries)| registries.0.iter().map(move |entry| (source, entry)))
    {
        if let Some(owner) = owners.get(host) {
            let conflicts = composition.conflicts.entry(source.name.clone()).or_default();
            conflicts.insert(host.clone(), (*owner).to_owned());
        } else {
            owners.insert(host, &source.name);
            composition.registries.0.insert(host.clone(), registry.clone());
        }
    }
    if sources.iter().any(|source| source.registries.is_none()) {
        for (host, registry) in present.iter().flat_map(|present| &present.0) {
            composition.registries.0.entry(host.clone()).or_insert_with(|| registry.clone());
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
        let registries = composition.registries.0.iter();
        registries.map(|(host, registry)| format!("{host} {}", registry.endpoints[0].address)).collect()
    }

    #[test]
    fn hosts_of_all_secrets_are_joined() {
        let composition = compose(&[source("b", &["quay.io"]), source("a", &["docker.io"])], None);
        assert_eq!(endpoints(&composition), ["docker.io a.example.com", "quay.io b.example.com"]);
        assert_eq!(composition.conflicts, BTreeMap::new());
    }

    #[test]
    fn a_host_belongs_to_the_secret_whose_name_sorts_first() {
        let sources =
            [source("c", &["docker.io", "quay.io"]), source("b", &["docker.io"]), source("a", &["quay.io"])];
        let composition = compose(&sources, None);
        assert_eq!(endpoints(&composition), ["docker.io b.example.com", "quay.io a.example.com"]);
        let of_c = BTreeMap::from([(host("docker.io"), "b".to_owned()), (host("quay.io"), "a".to_owned())]);
        assert_eq!(
            conflict_text(&of_c),
            "docker.io is configured by the Secret b; quay.io is configured by the Secret a"
        );
        assert_eq!(composition.conflicts, BTreeMap::from([("c".to_owned(), of_c)]));
    }

    #[test]
    fn a_broken_secret_leaves_hosts_as_they_are() {
        let present = compose(&[source("a", &["docker.io", "quay.io"])], None).registries;
        let composition = compose(&[broken("a"), source("b", &["quay.io", "ghcr.io"])], Some(&present));
        assert_eq!(
            endpoints(&composition),
            ["docker.io a.example.com", "ghcr.io b.example.com", "quay.io b.example.com"]
        );
        assert_eq!(endpoints(&compose(&[broken("a")], None)), [""; 0]);
    }

    #[test]
    fn without_secrets_nothing_stays() {
        let present = compose(&[source("a", &["docker.io"])], None).registries;
        assert_eq!(compose(&[], Some(&present)), Composition::default());
    }
}
