//! Whether a stored object is what is wanted, so that nothing is written that is there already. What is wanted is compared
//! as a part of what is stored, which holds defaults and notes of others too; what is no longer wanted is found by a mark
//! that each object carries of all that was wanted when it was written.

use api::names::APPLIED;
use api::{Condition, FunctionStatus};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::image::hex;

/// An object as it is to be applied, with its mark.
#[must_use]
pub fn marked(object: &impl Serialize) -> Value {
    let mut value = serde_json::to_value(object).unwrap_or_default();
    let mark = hex(&Sha256::digest(value.to_string().as_bytes()));
    if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
        let annotations =
            metadata.entry("annotations").or_insert_with(|| Value::Object(serde_json::Map::new()));
        if let Some(annotations) = annotations.as_object_mut() {
            annotations.insert(APPLIED.to_owned(), Value::String(mark));
        }
    }
    value
}

/// Whether all that is wanted is in what is stored.
#[must_use]
pub fn is_in(wanted: &Value, stored: &Value) -> bool {
    match (wanted, stored) {
        (Value::Object(wanted), Value::Object(stored)) => {
            wanted.iter().all(|(key, value)| is_in(value, stored.get(key).unwrap_or(&Value::Null)))
        }
        (Value::Array(wanted), Value::Array(stored)) => {
            wanted.len() == stored.len()
                && wanted.iter().zip(stored).all(|(wanted, stored)| is_in(wanted, stored))
        }
        // The API server leaves out what says nothing.
        (wanted, Value::Null) => is_empty(wanted),
        (wanted, stored) => wanted == stored,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.values().all(is_empty),
        Value::Bool(value) => !value,
        Value::Number(_) => false,
    }
}

/// How much a status says that the one before did not.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Said {
    /// Nothing.
    Nothing,
    /// Other words for a condition that is as open as before.
    Progress,
    /// Anything else.
    Transition,
}

impl Said {
    pub(crate) fn between(before: Option<&FunctionStatus>, after: &FunctionStatus) -> Self {
        let Some(before) = before else { return Self::Transition };
        if before == after {
            return Self::Nothing;
        }
        // Without the words for what is open.
        let essence = |status: &FunctionStatus| {
            let mut status = status.clone();
            for condition in
                status.conditions.iter_mut().flatten().filter(|condition| condition.status == "Unknown")
            {
                (condition.reason, condition.message, condition.observed_generation) = (None, None, None);
            }
            status
        };
        if essence(before) == essence(after) { Self::Progress } else { Self::Transition }
    }
}

/// The conditions that are decided now and were not so before: each is worth an Event. What is well from the start is not.
pub(crate) fn transitions<'a>(
    before: Option<&'a FunctionStatus>,
    after: &'a FunctionStatus,
) -> impl Iterator<Item = &'a Condition> {
    let before = before.and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    after.conditions.iter().flatten().filter(|condition| {
        let known = before.iter().find(|known| known.kind == condition.kind);
        match condition.status.as_str() {
            "True" => known.is_some_and(|known| known.status != condition.status),
            "False" => known.is_none_or(|known| known.status != condition.status),
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case::same(json!({"a": 1}), json!({"a": 1}), true)]
    #[case::defaults_beside(json!({"a": {"b": 1}}), json!({"a": {"b": 1, "c": 2}, "d": 3}), true)]
    #[case::other_value(json!({"a": 1}), json!({"a": 2}), false)]
    #[case::missing(json!({"a": 1}), json!({}), false)]
    #[case::empty_is_missing(json!({"a": "", "b": [], "c": {"d": null}, "e": false}), json!({}), true)]
    #[case::lists_by_order(json!([{"a": 1}, {"a": 2}]), json!([{"a": 1, "b": 0}, {"a": 2}]), true)]
    #[case::a_longer_list(json!([1]), json!([1, 2]), false)]
    #[case::other_kind(json!({"a": []}), json!({"a": "x"}), false)]
    fn what_is_wanted_is_a_part(#[case] wanted: Value, #[case] stored: Value, #[case] expected: bool) {
        assert_eq!(is_in(&wanted, &stored), expected);
    }

    #[test]
    fn what_is_no_longer_wanted_changes_the_mark() {
        let with = json!({"metadata": {"name": "a"}, "data": {"x": "1", "y": "2"}});
        let without = json!({"metadata": {"name": "a"}, "data": {"x": "1"}});
        assert!(is_in(&marked(&with), &marked(&with)));
        assert!(!is_in(&marked(&without), &marked(&with)));
    }

    fn status(conditions: &[(&str, &str, &str)]) -> FunctionStatus {
        let conditions = conditions.iter().map(|(kind, status, reason)| Condition {
            kind: (*kind).to_owned(),
            status: (*status).to_owned(),
            reason: Some((*reason).to_owned()),
            last_transition_time: None,
            message: None,
            observed_generation: None,
        });
        FunctionStatus { conditions: Some(conditions.collect()), ..FunctionStatus::default() }
    }

    #[rstest]
    #[case::nothing(&[("B", "Unknown", "x")], &[("B", "Unknown", "x")], Said::Nothing, &[])]
    #[case::other_words_for_what_is_open(&[("B", "Unknown", "x")], &[("B", "Unknown", "y")], Said::Progress, &[])]
    #[case::other_words_for_what_is_well(&[("B", "True", "x")], &[("B", "True", "y")], Said::Transition, &[])]
    #[case::well_from_the_start(&[], &[("C", "True", "x"), ("B", "Unknown", "y")], Said::Transition, &[])]
    #[case::ill_from_the_start(&[], &[("C", "False", "x")], Said::Transition, &["C"])]
    #[case::decided(&[("B", "Unknown", "x"), ("R", "True", "z")], &[("B", "True", "y"), ("R", "Unknown", "z")], Said::Transition, &["B"])]
    #[case::open_again(&[("B", "False", "x")], &[("B", "Unknown", "y")], Said::Transition, &[])]
    #[case::well_again(&[("C", "False", "x")], &[("C", "True", "y")], Said::Transition, &["C"])]
    fn what_a_status_says(
        #[case] before: &[(&str, &str, &str)],
        #[case] after: &[(&str, &str, &str)],
        #[case] expected: Said,
        #[case] events: &[&str],
    ) {
        let (before, after) = (status(before), status(after));
        assert_eq!(Said::between(Some(&before), &after), expected);
        let told: Vec<_> =
            transitions(Some(&before), &after).map(|condition| condition.kind.as_str()).collect();
        assert_eq!(told, events);
    }
}
