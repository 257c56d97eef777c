//! The compute resources of a Function or of its build.

use super::replicas::at_least;
use crate::compute_resources;
use crate::config::ResourceRules;
use crate::object::Meta;
use crate::quantity::Quantity;
use crate::rule::Rule;
use crate::violation::{Violation, Violations};

/// Reports, in this order: quantities that cannot be used, those below the minima, requests above their limits.
pub(super) fn check(
    rules: &ResourceRules,
    meta: &Meta,
    path: &str,
    set: Option<&api::Resources>,
    violations: &mut Violations,
) {
    let before = violations.len();
    let (requests, limits) = compute_resources::parse(path, set, violations);
    // Defaulting leaves alone a group that holds a quantity it cannot read, so what is absent from such a group is
    // not what its author has to correct.
    let absent = if violations.len() == before { Some(Quantity::ZERO) } else { None };

    let preset = rules.presets.named(meta);
    for (kind, quantities) in [("requests", &requests), ("limits", &limits)] {
        for (name, minimum) in [("cpu", rules.min_cpu), ("memory", rules.min_memory)] {
            if let Some(value) = quantities.get(name).copied().unwrap_or(absent)
                && value < minimum
            {
                let shown = value.to_string();
                let field = format!("{path}.{kind}.{name}");
                let filled_in = preset.and_then(|(preset, of)| Some((preset, of.value(kind, name)?)));
                let must = at_least(minimum, value, filled_in);
                violations.push(Violation::invalid(Rule::ResourceBelowMinimum, field, shown.as_str(), must));
            }
        }
    }
    compute_resources::check_limits(path, &requests, &limits, violations);
}
