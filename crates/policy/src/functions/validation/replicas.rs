//! The numbers of replicas of a Function.

use std::fmt::Display;

use api::FunctionSpec;

use crate::config::Config;
use crate::object::Meta;
use crate::rule::Rule;
use crate::violation::{Violation, Violations};

pub(super) fn check(config: &Config, meta: &Meta, spec: &FunctionSpec, violations: &mut Violations) {
    let minimum = config.min_replicas;
    let preset = config.replicas.named(meta);
    if let (Some(min), Some(max)) = (spec.min_replicas, spec.max_replicas)
        && min > max
    {
        let must = format!("must be greater than or equal to minReplicas ({min})");
        violations.push(Violation::invalid(Rule::ReplicasMinAboveMax, "spec.maxReplicas", max, must));
    }
    for (field, value, preset) in [
        ("spec.minReplicas", spec.min_replicas, preset.map(|(name, preset)| (name, preset.min))),
        ("spec.maxReplicas", spec.max_replicas, preset.map(|(name, preset)| (name, preset.max))),
    ] {
        if let Some(value) = value
            && value < minimum
        {
            let must = at_least(minimum, value, preset);
            violations.push(Violation::invalid(Rule::ReplicasBelowMinimum, field, value, must));
        }
    }
}

/// The number that somebody asks for by the subresource `scale`.
pub(super) fn check_scale(minimum: i32, replicas: i32, violations: &mut Violations) {
    if replicas < minimum {
        let must = at_least(minimum, replicas, None);
        violations.push(Violation::invalid(Rule::ReplicasBelowMinimum, "spec.replicas", replicas, must));
    }
}

/// What a value below the minimum must be. One that a preset filled in is no value that the author knows, so its preset
/// is named.
pub(super) fn at_least<T: Copy + Display + PartialEq>(
    minimum: T,
    value: T,
    preset: Option<(&str, T)>,
) -> String {
    match preset.filter(|(_, filled_in)| *filled_in == value) {
        Some((name, _)) => format!("must be at least {minimum}; {value} comes from preset {name}"),
        None => format!("must be at least {minimum}"),
    }
}
