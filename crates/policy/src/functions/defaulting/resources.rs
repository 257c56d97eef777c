//! Defaulting of a group of compute resources: requests first, then limits.

use std::collections::BTreeMap;

use api::RawQuantity;
use serde_json::{Map, Value};

use super::patch::Patch;
use crate::config::{RequestAndLimit, Resources};
use crate::quantity::{ParseError, Quantity};

/// Fills in the CPU and memory that are absent or zero, from the preset, without contradicting what is set. A group
/// with a quantity that does not parse is left alone: validation reports it.
pub(super) fn fill_in(preset: Resources, group: &str, set: Option<&api::Resources>, patch: &mut Patch) {
    let requests = set.and_then(|set| set.requests.as_ref());
    let limits = set.and_then(|set| set.limits.as_ref());
    let Ok(missing) = Missing::of(preset, requests, limits) else { return };
    if set.is_none() {
        patch.add([group], missing.into_value());
        return;
    }
    add_members(group, "requests", requests.is_some(), missing.requests, patch);
    add_members(group, "limits", limits.is_some(), missing.limits, patch);
}

fn add_members(group: &str, kind: &str, exists: bool, missing: Members, patch: &mut Patch) {
    if !exists && !missing.is_empty() {
        patch.add([group, kind], missing);
        return;
    }
    for (name, quantity) in missing {
        patch.add([group, kind, name.as_str()], quantity);
    }
}

type Members = Map<String, Value>;
type SetQuantities<'a> = Option<&'a BTreeMap<String, RawQuantity>>;

/// What is to be added.
#[derive(Default)]
struct Missing {
    requests: Members,
    limits: Members,
}

impl Missing {
    fn of(preset: Resources, requests: SetQuantities, limits: SetQuantities) -> Result<Self, ParseError> {
        let mut missing = Self::default();
        all_parse(requests)?;
        all_parse(limits)?;
        for (name, preset) in [("cpu", preset.cpu), ("memory", preset.memory)] {
            missing.resource(name, preset, set_quantity(requests, name)?, set_quantity(limits, name)?);
        }
        Ok(missing)
    }

    fn resource(
        &mut self,
        name: &str,
        preset: RequestAndLimit,
        request: Option<Quantity>,
        limit: Option<Quantity>,
    ) {
        let request = request.unwrap_or_else(|| {
            let request = limit.map_or(preset.request, |limit| preset.request.min(limit));
            self.requests.insert(name.to_owned(), request.to_string().into());
            request
        });
        if limit.is_none() {
            self.limits.insert(name.to_owned(), preset.limit.max(request).to_string().into());
        }
    }

    fn into_value(self) -> Value {
        Map::from_iter([
            ("requests".to_owned(), self.requests.into()),
            ("limits".to_owned(), self.limits.into()),
        ])
        .into()
    }
}

/// The quantity of that name; zero counts as absent.
fn set_quantity(quantities: SetQuantities, name: &str) -> Result<Option<Quantity>, ParseError> {
    let Some(raw) = quantities.and_then(|quantities| quantities.get(name)) else { return Ok(None) };
    Quantity::parse(&raw.text()).map(|quantity| Some(quantity).filter(|quantity| !quantity.is_zero()))
}

fn all_parse(quantities: SetQuantities) -> Result<(), ParseError> {
    quantities.into_iter().flatten().try_for_each(|(_, raw)| Quantity::parse(&raw.text()).map(|_| ()))
}
