//! The environment variables of a Function. Their values are never shown.

use std::collections::BTreeSet;

use api::EnvVar;

use super::value_from;
use crate::syntax;
use crate::violation::{Violation, Violations};

pub(super) fn check(reserved: &BTreeSet<String>, env: &[EnvVar], violations: &mut Violations) {
    let mut seen = BTreeSet::new();
    for (index, variable) in env.iter().enumerate() {
        let name = variable.name.as_str();
        let field = format!("spec.env[{index}].name");
        if name.is_empty() {
            violations.push(Violation::required(field.as_str(), "the name of the environment variable"));
        } else if let Err(rule) = syntax::env_name(name) {
            violations.push(Violation::invalid(field.as_str(), name, rule));
        } else if reserved.contains(name) {
            violations
                .push(Violation::forbidden(field.as_str(), format!("{name:?} is reserved for the runtime")));
        }
        if !name.is_empty() && !seen.insert(name) {
            violations.push(Violation::duplicate(field.as_str(), name));
        }
        if variable.value.as_ref().is_some_and(|value| !value.is_empty()) && variable.value_from.is_some() {
            violations.push(Violation::invalid(field, name, "must not set both value and valueFrom"));
        }
        if let Some(source) = &variable.value_from {
            value_from::check(&format!("spec.env[{index}].valueFrom"), source, violations);
        }
    }
}
