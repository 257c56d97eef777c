//! The labels of the Pods of a Function.

use std::collections::BTreeMap;

use api::names::owned_label;

use crate::rule::Rule;
use crate::syntax;
use crate::violation::{Violation, Violations};

pub(super) fn check(labels: Option<&BTreeMap<String, String>>, violations: &mut Violations) {
    for (key, value) in labels.into_iter().flatten() {
        let field = format!("spec.labels[{key}]");
        if let Err(must) = syntax::label_key(key) {
            violations.push(Violation::invalid(Rule::PodLabelInvalid, field.as_str(), key.as_str(), must));
        } else if owned_label::ALL.contains(&key.as_str()) {
            let why = "the controller sets this label itself";
            violations.push(Violation::forbidden(Rule::PodLabelReserved, field.as_str(), why));
        }
        if let Err(must) = syntax::label_value(value) {
            violations.push(Violation::invalid(Rule::PodLabelInvalid, field, value.as_str(), must));
        }
    }
}
