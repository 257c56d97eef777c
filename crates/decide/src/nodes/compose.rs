//! What all nodes are configured for: the registries of several Secrets, as one value.

mod composed;

use std::collections::{BTreeMap, BTreeSet};

use api::names::container_registries::{OF_IMAGE_REGISTRY, OF_NODES, OF_REGISTRY_CACHE};
use policy::container_registries::{Host, Registries};
use policy::{SECRET_DATA_MAX, text};

pub use composed::{Composed, registries_in};

/// The most hosts that a text names.
const NAMED: usize = 20;

/// The registries in a Secret, or the hosts of an `ImageRegistry` or a `RegistryCache`; none if they cannot be read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Source {
    /// The name of the Secret; that of an `ImageRegistry` or a `RegistryCache` follows its prefix.
    pub name: String,
    /// What it says.
    pub registries: Option<Registries>,
}

/// What all Secrets say together.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Composition {
    /// What nodes pull from.
    pub composed: Composed,
    /// The hosts of a Secret, by its name, that belong to another Secret, each with the name of that Secret.
    pub conflicts: BTreeMap<String, BTreeMap<Host, String>>,
    /// The names of the Secrets for which there is no room: nodes keep what was there of them.
    pub too_large: BTreeSet<String>,
}

/// Why nodes do not use everything that a Secret says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Obstacle {
    /// The reason of its Event.
    pub reason: &'static str,
    /// For the annotation and the Event.
    pub text: String,
}

/// What each Secret says, by its rank.
type Said<'a> = BTreeMap<Rank<'a>, Option<&'a Registries>>;

/// Who goes first: Secrets before registries in the cluster and caches, then by name.
type Rank<'a> = (bool, &'a str);

/// Composes the registries of Secrets. A host belongs to the Secret whose name sorts first, and to a registry in the cluster or
/// a cache only if no Secret configures it.
///
/// A broken Secret leaves nodes as they are: what belongs to it in `present` stays. So does one for which a Secret has no
/// room.
#[must_use]
pub fn compose(sources: &[Source], present: &Composed) -> Composition {
    within(SECRET_DATA_MAX, sources, present)
}

fn within(max: usize, sources: &[Source], present: &Composed) -> Composition {
    let said: Said<'_> =
        sources.iter().map(|source| (rank(&source.name), source.registries.as_ref())).collect();
    let all = join(&said, present);
    if all.composed.fits(max) {
        return all;
    }
    // What is there fits. The changes of each Secret are added to it while they do, in the order of names.
    let mut used: Said<'_> = said.keys().map(|rank| (*rank, None)).collect();
    let mut too_large = BTreeSet::new();
    for (rank, registries) in said.into_iter().filter(|(_, registries)| registries.is_some()) {
        used.insert(rank, registries);
        if !join(&used, present).composed.fits(max) {
            used.insert(rank, None);
            too_large.insert(rank.1.to_owned());
        }
    }
    Composition { too_large, ..join(&used, present) }
}

fn rank(name: &str) -> Rank<'_> {
    (name.starts_with(OF_IMAGE_REGISTRY) || name.starts_with(OF_REGISTRY_CACHE), name)
}

/// What Secrets say together, whatever its size.
fn join(said: &Said<'_>, present: &Composed) -> Composition {
    let mut composition = Composition::default();
    for ((_, name), registries) in said {
        let registries = registries.map_or_else(|| present.of(name), Registries::clone);
        for (host, registry) in registries.0 {
            let composed = &mut composition.composed;
            if let Some(owner) = composed.owners.get(&host) {
                let conflicts = composition.conflicts.entry((*name).to_owned()).or_default();
                conflicts.insert(host, owner.clone());
            } else {
                composed.owners.insert(host.clone(), (*name).to_owned());
                composed.registries.0.insert(host, registry);
            }
        }
    }
    composition
}

impl Composition {
    /// Why nodes do not use everything that a Secret says, if they do not.
    #[must_use]
    pub fn obstacle(&self, name: &str) -> Option<Obstacle> {
        let conflicts = self.conflicts.get(name).map(conflict_text);
        if !self.too_large.contains(name) {
            return conflicts.map(|text| Obstacle { reason: "RegistryConfiguredTwice", text });
        }
        let too_large = format!(
            "nodes keep what this Secret said before: the Secret {OF_NODES}, which holds the registries of all Secrets, would be larger than 1 MiB"
        );
        let text = conflicts.into_iter().chain([too_large]).collect::<Vec<_>>().join("; ");
        Some(Obstacle { reason: "RegistriesTooLarge", text })
    }
}

/// What is said of the hosts that another Secret configures: `docker.io is configured by the Secret a; …`.
fn conflict_text(conflicts: &BTreeMap<Host, String>) -> String {
    let texts = conflicts.iter().map(|(host, owner)| format!("{host} is configured by the Secret {owner}"));
    text::first(texts, NAMED).join("; ")
}

#[cfg(test)]
mod tests;
