//! The environment variables of a Function. Their values are never shown.

use std::collections::BTreeSet;

use api::EnvVar;

use super::value_from;
use crate::rule::Rule;
use crate::syntax;
use crate::violation::{Violation, Violations};

pub(super) fn check(reserved: &BTreeSet<String>, env: &[EnvVar], violations: &mut Violations) {
    let mut seen = BTreeSet::new();
    for (index, variable) in env.iter().enumerate() {
        let name = variable.name.as_str();
        let field = format!("spec.env[{index}].name");
        if name.is_empty() {
            let what_for = "the name of the environment variable";
            violations.push(Violation::required(Rule::EnvNameMissing, field.as_str(), what_for));
        } else if let Err(must) = syntax::env_name(name) {
            violations.push(Violation::invalid(Rule::EnvNameInvalid, field.as_str(), name, must));
        } else if reserved.contains(name) {
            let why = format!("{name:?} is reserved for the runtime");
            violations.push(Violation::forbidden(Rule::EnvNameReserved, field.as_str(), why));
        }
        if !name.is_empty() && !seen.insert(name) {
            violations.push(Violation::duplicate(Rule::EnvNameDuplicate, field.as_str(), name));
        }
        if variable.value.as_ref().is_some_and(|value| !value.is_empty()) && variable.value_from.is_some() {
            let must = "must not set both value and valueFrom";
            violations.push(Violation::invalid(Rule::EnvTwoValues, field, name, must));
        }
        if let Some(source) = &variable.value_from {
            value_from::check(&format!("spec.env[{index}].valueFrom"), source, violations);
        }
    }
}
