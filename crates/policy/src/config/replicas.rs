//! The check of the presets of replicas.

use std::collections::BTreeMap;

use api::names::preset_label;

use super::builtin;
use super::errors::{Errors, unknown};
use super::minima::{REPLICAS as PATH, of_replicas};
use super::presets::{Presets, Replicas};
use super::raw::{RawReplicas, RawReplicasPreset};

pub(super) fn check(raw: RawReplicas, min_value: i32, errors: &mut Errors) -> Option<Presets<Replicas>> {
    let presets = builtin::overlay(builtin::replicas_presets(), raw.presets);
    let default_name = raw.default_preset.unwrap_or_else(|| builtin::DEFAULT_REPLICAS_PRESET.to_owned());
    let Some(default) = presets.get(&default_name).copied() else {
        return errors.add(format!("{PATH}.defaultPreset"), unknown("preset", &default_name, presets.keys()));
    };
    let at = format!("{PATH}.presets.{default_name}");
    let (Some(min), Some(max)) = (default.min, default.max) else {
        return errors.add(at, "the default preset must set min and max");
    };
    for (member, problem) in of_replicas(Replicas { min, max }, min_value) {
        let problem = format!("the default preset must not be below the minimum: {problem}");
        errors.add::<()>(format!("{at}.{member}"), problem);
    }
    let complete = |preset: RawReplicasPreset| Replicas {
        min: preset.min.unwrap_or(min),
        max: preset.max.unwrap_or(max),
    };
    let presets: BTreeMap<_, _> =
        presets.into_iter().map(|(name, preset)| (name, complete(preset))).collect();
    for (name, Replicas { min, max }) in &presets {
        if min > max {
            errors.add::<()>(
                format!("{PATH}.presets.{name}"),
                format!("min ({min}) must not be greater than max ({max})"),
            );
        }
    }
    Presets::new(preset_label::REPLICAS, default_name, presets)
}
