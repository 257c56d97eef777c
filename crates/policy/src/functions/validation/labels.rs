//! The labels of the Pods of a Function.

use std::collections::BTreeMap;

use api::names::owned_label;

use crate::syntax;
use crate::violation::{Violation, Violations};

pub(super) fn check(labels: Option<&BTreeMap<String, String>>, violations: &mut Violations) {
    for (key, value) in labels.into_iter().flatten() {
        let field = format!("spec.labels[{key}]");
        if let Err(rule) = syntax::label_key(key) {
            violations.push(Violation::invalid(field.as_str(), key.as_str(), rule));
        } else if owned_label::ALL.contains(&key.as_str()) {
            violations.push(Violation::forbidden(field.as_str(), "the controller sets this label itself"));
        }
        if let Err(rule) = syntax::label_value(value) {
            violations.push(Violation::invalid(field, value.as_str(), rule));
        }
    }
}
