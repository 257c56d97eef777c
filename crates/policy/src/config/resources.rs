//! The check of the presets and minima of a group of compute resources.

use std::collections::BTreeMap;

use api::RawQuantity;

use super::builtin::{self, ResourcesGroup};
use super::checked::ResourceRules;
use super::errors::{Errors, unknown};
use super::minima::of_resources;
use super::presets::{Presets, RequestAndLimit, Resources};
use super::raw::{RawResources, RawResourcesPreset};
use crate::quantity::Quantity;

/// Checks the group at `path`, whose presets are chosen by `label`.
pub(super) fn check(
    raw: RawResources,
    builtin: &ResourcesGroup,
    label: &'static str,
    path: &str,
    errors: &mut Errors,
) -> Option<ResourceRules> {
    let mut minimum = |raw: Option<RawQuantity>, builtin: &str, member: &str| {
        quantity(&raw.unwrap_or_else(|| builtin.into()), &format!("{path}.{member}"), errors)
    };
    let min_cpu = minimum(raw.min_request_cpu, builtin.min_cpu, "minRequestCpu");
    let min_memory = minimum(raw.min_request_memory, builtin.min_memory, "minRequestMemory");

    let raw_presets = builtin::overlay(builtin.presets(), raw.presets);
    let presets: BTreeMap<_, _> = raw_presets
        .iter()
        .map(|(name, preset)| {
            (name.clone(), Partial::check(preset, &format!("{path}.presets.{name}"), errors))
        })
        .collect();
    let default_name = raw.default_preset.unwrap_or_else(|| builtin.default_preset.to_owned());
    let default = complete_default(&presets, &default_name, path, errors)?;
    let (min_cpu, min_memory) = (min_cpu?, min_memory?);
    for (member, problem) in of_resources(default, (min_cpu, min_memory), path) {
        let problem = format!("the default preset must not be below the minimum: {problem}");
        errors.add::<()>(format!("{path}.presets.{default_name}.{member}"), problem);
    }
    let complete = |(name, preset): (String, Option<Partial>)| Some((name, preset?.or(default)));
    let presets = presets.into_iter().map(complete).collect::<Option<BTreeMap<_, _>>>()?;
    check_limits(&presets, path, errors);
    Some(ResourceRules { presets: Presets::new(label, default_name, presets)?, min_cpu, min_memory })
}

/// The default preset, which must leave nothing out.
fn complete_default(
    presets: &BTreeMap<String, Option<Partial>>,
    name: &str,
    path: &str,
    errors: &mut Errors,
) -> Option<Resources> {
    let Some(default) = presets.get(name).copied() else {
        return errors.add(format!("{path}.defaultPreset"), unknown("preset", name, presets.keys()));
    };
    default?.all().or_else(|| {
        errors.add(
            format!("{path}.presets.{name}"),
            "the default preset must set requestCpu, requestMemory, limitCpu and limitMemory",
        )
    })
}

/// No preset may request more than its limit.
fn check_limits(presets: &BTreeMap<String, Resources>, path: &str, errors: &mut Errors) {
    for (name, preset) in presets {
        for (what, RequestAndLimit { request, limit }) in [("Cpu", preset.cpu), ("Memory", preset.memory)] {
            if request > limit {
                errors.add::<()>(
                    format!("{path}.presets.{name}"),
                    format!("request{what} ({request}) must not be greater than limit{what} ({limit})"),
                );
            }
        }
    }
}

/// A preset of which members may still be missing.
#[derive(Clone, Copy)]
struct Partial {
    request_cpu: Option<Quantity>,
    request_memory: Option<Quantity>,
    limit_cpu: Option<Quantity>,
    limit_memory: Option<Quantity>,
}

impl Partial {
    /// `None` if a member cannot be used.
    fn check(raw: &RawResourcesPreset, path: &str, errors: &mut Errors) -> Option<Self> {
        let before = errors.0.len();
        let mut member = |raw: Option<&RawQuantity>, name: &str| {
            raw.and_then(|raw| quantity(raw, &format!("{path}.{name}"), errors))
        };
        let preset = Self {
            request_cpu: member(raw.request_cpu.as_ref(), "requestCpu"),
            request_memory: member(raw.request_memory.as_ref(), "requestMemory"),
            limit_cpu: member(raw.limit_cpu.as_ref(), "limitCpu"),
            limit_memory: member(raw.limit_memory.as_ref(), "limitMemory"),
        };
        (errors.0.len() == before).then_some(preset)
    }

    fn all(self) -> Option<Resources> {
        Some(Resources {
            cpu: RequestAndLimit { request: self.request_cpu?, limit: self.limit_cpu? },
            memory: RequestAndLimit { request: self.request_memory?, limit: self.limit_memory? },
        })
    }

    fn or(self, default: Resources) -> Resources {
        Resources {
            cpu: RequestAndLimit {
                request: self.request_cpu.unwrap_or(default.cpu.request),
                limit: self.limit_cpu.unwrap_or(default.cpu.limit),
            },
            memory: RequestAndLimit {
                request: self.request_memory.unwrap_or(default.memory.request),
                limit: self.limit_memory.unwrap_or(default.memory.limit),
            },
        }
    }
}

fn quantity(raw: &RawQuantity, field: &str, errors: &mut Errors) -> Option<Quantity> {
    let text = raw.text();
    match Quantity::parse(&text) {
        Ok(quantity) if quantity.is_negative() => errors.add(field, format!("{text:?} must not be negative")),
        Ok(quantity) => Some(quantity),
        Err(error) => errors.add(field, format!("{text:?} {error}")),
    }
}
