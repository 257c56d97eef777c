//! What is composed, and the data of the Secret that holds it.

use std::collections::BTreeMap;

use api::names::container_registries::{OWNERS, VALUES};
use jiff::Timestamp;
use policy::container_registries::{HiddenText, Host, Registries, read};

use crate::nodes::render::values;

/// What nodes pull from, and the name of the Secret that each host belongs to.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Composed {
    /// What nodes pull from.
    pub registries: Registries,
    /// The name of the Secret, for each host.
    pub owners: BTreeMap<Host, String>,
}

impl Composed {
    /// What belongs to a Secret.
    pub(super) fn of(&self, name: &str) -> Registries {
        let owned = |host: &Host| self.owners.get(host).is_some_and(|owner| owner == name);
        let registries = self.registries.0.iter().filter(|(host, _)| owned(host));
        Registries(registries.map(|(host, registry)| (host.clone(), registry.clone())).collect())
    }

    /// Whether a Secret can hold it.
    pub(super) fn fits(&self, max: usize) -> bool {
        self.data().iter().map(|(_, text)| text.reveal().len()).sum::<usize>() <= max
    }

    /// The keys of the Secret with their values.
    #[must_use]
    pub fn data(&self) -> [(&'static str, HiddenText); 2] {
        let owners: BTreeMap<&str, &str> =
            self.owners.iter().map(|(host, owner)| (host.as_str(), owner.as_str())).collect();
        // Texts always become JSON.
        let owners = serde_json::to_string(&owners).unwrap_or_default();
        [(VALUES, values::render(&self.registries)), (OWNERS, HiddenText::new(owners))]
    }

    /// What the values of such keys say; `None` if the registries cannot be read, for example by a newer controller with
    /// another rule.
    #[must_use]
    pub fn of_data<'a>(text: impl Fn(&str) -> Option<&'a str>) -> Option<Self> {
        let registries = text(VALUES).and_then(registries_in)?;
        let owners: BTreeMap<String, String> =
            text(OWNERS).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let owners = owners.into_iter().filter_map(|(host, owner)| Some((Host::parse(&host).ok()?, owner)));
        Some(Self { registries, owners: owners.collect() })
    }
}

/// What values say, if they are valid. An authority that has expired since stays: nodes could not do more without it.
#[must_use]
pub fn registries_in(values: &str) -> Option<Registries> {
    let reading = read(values, Timestamp::MIN);
    reading.violations.is_empty().then_some(reading.registries)
}
