//! Defaulting of a group of compute resources: requests first, then limits.

use std::collections::BTreeMap;

use api::RawQuantity;
use serde_json::{Map, Value};

use crate::config::{RequestAndLimit, Resources};
use crate::patch::Patch;
use crate::quantity::Quantity;

/// Fills in the CPU and memory that are absent or zero, from the preset, without contradicting what is set. A group
/// with a quantity that does not parse or is negative is left alone: validation reports it.
pub(super) fn fill_in(preset: Resources, group: &str, set: Option<&api::Resources>, patch: &mut Patch) {
    let requests = set.and_then(|set| set.requests.as_ref());
    let limits = set.and_then(|set| set.limits.as_ref());
    let Some(missing) = Missing::of(preset, requests, limits) else { return };
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

/// The missing members.
#[derive(Default)]
struct Missing {
    requests: Members,
    limits: Members,
}

impl Missing {
    fn of(preset: Resources, requests: SetQuantities, limits: SetQuantities) -> Option<Self> {
        let mut missing = Self::default();
        let (requests, limits) = (parsed(requests)?, parsed(limits)?);
        for (name, preset) in [("cpu", preset.cpu), ("memory", preset.memory)] {
            missing.resource(name, preset, requests.get(name).copied(), limits.get(name).copied());
        }
        Some(missing)
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

/// The quantities that are set, of which zero is not; `None` if one of them cannot be used.
fn parsed(quantities: SetQuantities<'_>) -> Option<BTreeMap<&str, Quantity>> {
    let mut parsed = BTreeMap::new();
    for (name, raw) in quantities.into_iter().flatten() {
        let quantity = Quantity::parse(&raw.text()).ok().filter(|quantity| !quantity.is_negative())?;
        if !quantity.is_zero() {
            parsed.insert(name.as_str(), quantity);
        }
    }
    Some(parsed)
}
