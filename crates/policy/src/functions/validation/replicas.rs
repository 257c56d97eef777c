//! The numbers of replicas of a Function.

use api::FunctionSpec;

use crate::violation::{Violation, Violations};

pub(super) fn check(minimum: i32, spec: &FunctionSpec, violations: &mut Violations) {
    if let (Some(min), Some(max)) = (spec.min_replicas, spec.max_replicas)
        && min > max
    {
        let rule = format!("must be greater than or equal to minReplicas ({min})");
        violations.push(Violation::invalid("spec.maxReplicas", max, rule));
    }
    for (field, value) in [("spec.minReplicas", spec.min_replicas), ("spec.maxReplicas", spec.max_replicas)] {
        if let Some(value) = value
            && value < minimum
        {
            violations.push(Violation::invalid(field, value, format!("must be at least {minimum}")));
        }
    }
}
