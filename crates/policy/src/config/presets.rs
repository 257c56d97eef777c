//! Presets: named values that fill in what an author leaves out, and the choice among them by label.

use std::collections::BTreeMap;

use crate::decision::Warning;
use crate::object::Meta;
use crate::quantity::Quantity;
use crate::rule::Rule;

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

impl Resources {
    /// The request or the limit, as `kind` says, of a resource.
    pub(crate) fn value(&self, kind: &str, resource: &str) -> Option<Quantity> {
        let RequestAndLimit { request, limit } = match resource {
            "cpu" => self.cpu,
            "memory" => self.memory,
            _ => return None,
        };
        match kind {
            "requests" => Some(request),
            "limits" => Some(limit),
            _ => None,
        }
    }
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

    /// All presets by name.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, T)> {
        self.by_name.iter().map(|(name, preset)| (name.as_str(), *preset))
    }

    /// The preset that an object asks for by its label, if there is one of that name.
    pub(crate) fn named(&self, meta: &Meta) -> Option<(&str, T)> {
        let (name, preset) = self.by_name.get_key_value(meta.label(self.label)?)?;
        Some((name, *preset))
    }

    /// The preset that an object asks for by its label; the default one if there is none of that name.
    #[must_use]
    pub fn choose(&self, meta: &Meta) -> T {
        self.named(meta).map_or(self.default, |(_, preset)| preset)
    }

    /// What the author should know of the label: that no preset has this name, or that the preset has no effect on an object
    /// that was there before, since `fields` are set.
    #[must_use]
    pub fn warning<'a>(
        &self,
        meta: &Meta,
        is_used: bool,
        fields: &str,
        old: impl FnOnce() -> Option<&'a Meta>,
    ) -> Option<Warning> {
        let label = self.label;
        let name = meta.label(label).filter(|name| !name.is_empty())?;
        let is_known = self.by_name.contains_key(name);
        let old = if is_used { None } else { old() };
        match (is_known, old) {
            (true, Some(old)) if old.label(label) != Some(name) => {
                let text = format!(
                    "the preset {name:?} of label {label} has no effect: {fields} are set; remove them to have the preset applied"
                );
                Some(Warning::new(Rule::PresetUnused, text))
            }
            (true, _) => None,
            (false, old) => {
                let known = self.by_name.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
                let effect = match old {
                    Some(_) => format!("it has no effect, since {fields} are set"),
                    None => format!("using {:?}", self.default_name),
                };
                let text =
                    format!("unknown preset {name:?} in label {label}: {effect}; known presets: {known}");
                Some(Warning::new(Rule::PresetUnknown, text))
            }
        }
    }
}
