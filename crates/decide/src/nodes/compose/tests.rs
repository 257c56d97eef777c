//! Secrets that are composed: whose host is whose, what is broken, and what is too large.

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
    assert_eq!(composition.conflicts, BTreeMap::from([("c".to_owned(), of_c)]));
    let text = "docker.io is configured by the Secret b; quay.io is configured by the Secret a".to_owned();
    assert_eq!(composition.obstacle("c"), Some(Obstacle { reason: "RegistryConfiguredTwice", text }));
    assert_eq!(composition.obstacle("b"), None);
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

#[test]
fn a_text_names_some_of_many_hosts() {
    let hosts: Vec<_> = (100..122).map(|number| format!("h{number}")).collect();
    let hosts: Vec<_> = hosts.iter().map(String::as_str).collect();
    let composition = compose_first(&[source("a", &hosts), source("b", &hosts)]);
    let text = composition.obstacle("b").unwrap().text;
    assert!(text.starts_with("h100 is configured by the Secret a; h101 is configured by the Secret a; "));
    assert!(text.ends_with("; h119 is configured by the Secret a; and 2 more"), "{text}");
}

/// The size of what Secrets say together.
fn size(sources: &[Source]) -> usize {
    compose_first(sources).composed.data().iter().map(|(_, text)| text.reveal().len()).sum()
}

#[test]
fn a_secret_for_which_there_is_no_room_is_left_out_and_says_so() {
    let [a, b, c] =
        [source("a", &["docker.io"]), source("b", &["ghcr.io", "quay.io"]), source("c", &["zot"])];
    let max = size(&[a.clone(), c.clone()]);
    let composition = within(max, &[c, b, a], &Composed::default());
    assert_eq!(endpoints(&composition), ["docker.io a.example.com", "zot c.example.com"]);
    let text = "nodes keep what this Secret said before: the Secret node-registries, which holds the registries of all Secrets, would be larger than 1 MiB".to_owned();
    assert_eq!(composition.obstacle("b"), Some(Obstacle { reason: "RegistriesTooLarge", text }));
    assert_eq!((composition.obstacle("a"), composition.obstacle("c")), (None, None));
}

#[test]
fn what_is_there_stays_when_a_change_is_too_large() {
    let before = [source("a", &["docker.io"]), source("b", &["quay.io"])];
    let present = compose_first(&before).composed;
    let max = size(&before);
    // It sorts first, and does not drive out what others have.
    let grown = [source("a", &["docker.io", "ghcr.io"]), source("b", &["quay.io"])];
    let composition = within(max, &grown, &present);
    assert_eq!(composition.composed, present);
    assert_eq!(composition.too_large, BTreeSet::from(["a".to_owned()]));
    // There is room again when another one shrinks: at once, or when its change is there.
    let shrunk = [source("a", &["docker.io", "zot"]), source("b", &[])];
    let composition = within(max, &shrunk, &present);
    assert_eq!(endpoints(&composition), ["docker.io a.example.com", "zot a.example.com"]);
    assert_eq!(composition.obstacle("a"), None);
}

#[test]
fn a_mebibyte_is_the_limit() {
    // A host takes more than 50 bytes.
    let hosts: Vec<_> = (0..20_000).map(|number| format!("h{number}.example.com")).collect();
    let hosts: Vec<_> = hosts.iter().map(String::as_str).collect();
    let composition = compose_first(&[source("a", &["docker.io"]), source("b", &hosts)]);
    assert_eq!(endpoints(&composition), ["docker.io a.example.com"]);
    assert_eq!(composition.too_large, BTreeSet::from(["b".to_owned()]));
}

#[test]
fn data_is_read_as_it_was_written() {
    let composed = compose_first(&[source("b", &["docker.io"]), source("a", &["*", "quay.io"])]).composed;
    let data = composed.data();
    let [(values, _), (owners, text)] = &data;
    assert_eq!((*values, *owners), ("values", "owners"));
    assert_eq!(text.reveal(), r#"{"_default":"a","docker.io":"b","quay.io":"a"}"#);
    let read =
        Composed::of_data(|key| data.iter().find(|(known, _)| *known == key).map(|(_, text)| text.reveal()));
    assert_eq!(read, Some(composed));
    assert_eq!(Composed::of_data(|_| Some("[")), None);
}

#[test]
fn a_registry_in_the_cluster_takes_no_host_of_a_secret() {
    let composition = compose_first(&[
        source("imageregistry/registry", &["a.example.com", "registry.kyma-system.svc.cluster.local"]),
        source("z", &["a.example.com"]),
    ]);
    let owners: Vec<_> = composition.composed.owners.values().map(String::as_str).collect();
    assert_eq!(owners, ["z", "imageregistry/registry"]);
}
