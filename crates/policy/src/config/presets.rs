//! Presets: named values that fill in what an author leaves out, and the choice among them by label.

use std::collections::BTreeMap;

use crate::object::Meta;
use crate::quantity::Quantity;

/// How many replicas a preset stands for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Replicas {
    /// For `minReplicas`.
    pub min: i32,
    /// For `maxReplicas`.
    pub max: i32,
}

/// The request and the limit of one resource in a preset.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RequestAndLimit {
    /// What is set aside.
    pub request: Quantity,
    /// The most that may be used.
    pub limit: Quantity,
}

/// The compute resources that a preset stands for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Resources {
    /// CPU.
    pub cpu: RequestAndLimit,
    /// Memory.
    pub memory: RequestAndLimit,
}

/// One group of presets: complete, since what a preset left out was taken from the default one.
#[derive(Clone, Debug, PartialEq)]
pub struct Presets<T> {
    label: &'static str,
    default_name: String,
    default: T,
    by_name: BTreeMap<String, T>,
}

impl<T: Copy> Presets<T> {
    /// Presets by name, chosen by `label`, of which `default_name` is chosen without one. `None` if there is no
    /// preset of that name.
    #[must_use]
    pub(super) fn new(
        label: &'static str,
        default_name: String,
        by_name: BTreeMap<String, T>,
    ) -> Option<Self> {
        let default = *by_name.get(&default_name)?;
        Some(Self { label, default_name, default, by_name })
    }

    /// The preset that an object asks for by its label; the default one, with a warning, if there is none of that
    /// name.
    pub fn choose(&self, meta: &Meta, warnings: &mut Vec<String>) -> T {
        let Some(name) = meta.label(self.label).filter(|name| !name.is_empty()) else { return self.default };
        self.by_name.get(name).copied().unwrap_or_else(|| {
            warnings.push(self.unknown(name));
            self.default
        })
    }

    fn unknown(&self, name: &str) -> String {
        let known = self.by_name.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        format!(
            "unknown preset {name:?} in label {}: using {:?}; known presets: {known}",
            self.label, self.default_name
        )
    }
}
