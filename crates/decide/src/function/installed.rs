//! The runtimes that the base namespace has. A runtime is added there by its `ConfigMap` alone; what other namespaces say of
//! languages holds for nobody.

use std::collections::{BTreeMap, BTreeSet};

use api::Language;

use super::runtime::RuntimeMap;

/// The languages of the runtimes that the base namespace has, by name.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Installed(pub BTreeMap<String, Language>);

impl Installed {
    /// Those among the ConfigMaps of the base namespace that name their language. A runtime of which there are two is none.
    #[must_use]
    pub fn of<'a>(maps: impl Iterator<Item = &'a RuntimeMap>) -> Self {
        let (mut languages, mut seen) = (BTreeMap::new(), BTreeSet::new());
        for map in maps {
            if !seen.insert(map.runtime.as_str()) {
                languages.remove(&map.runtime);
            } else if let Some(language) = map.language {
                languages.insert(map.runtime.clone(), language);
            }
        }
        Self(languages)
    }
}
