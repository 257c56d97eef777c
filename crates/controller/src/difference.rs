//! Whether a stored object is what is wanted, so that nothing is written that is there already. What is wanted is compared
//! as a part of what is stored, which holds defaults and notes of others too; what is no longer wanted is found by a mark
//! that each object carries of all that was wanted when it was written.

use api::names::APPLIED;
use api::{Condition, FunctionStatus};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::decide::Kind;
use crate::image::hex;

/// An object as it is to be applied, with its mark.
#[must_use]
pub fn marked(object: &impl Serialize) -> Value {
    let mut value = serde_json::to_value(object).unwrap_or_default();
    let mark = hex(&Sha256::digest(serde_json::to_vec(&value).unwrap_or_default()));
    if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
        let annotations =
            metadata.entry("annotations").or_insert_with(|| Value::Object(serde_json::Map::new()));
        if let Some(annotations) = annotations.as_object_mut() {
            annotations.insert(APPLIED.to_owned(), Value::String(mark));
        }
    }
    value
}

/// Whether an object is stored as it is wanted. What it is, the items of a list do not say.
#[must_use]
pub fn is_stored(wanted: &Value, stored: &Value) -> bool {
    let fields = wanted.as_object().into_iter().flatten();
    fields
        .filter(|(key, _)| !["apiVersion", "kind"].contains(&key.as_str()))
        .all(|(key, value)| is_in(value, stored.get(key).unwrap_or(&Value::Null)))
}

fn is_in(wanted: &Value, stored: &Value) -> bool {
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
    Words,
    /// What goes on already has come to another stage.
    Stage,
    /// Something goes on.
    Beginning,
    /// All is decided, or something has failed, or does not any more.
    Result,
}

impl Said {
    pub(crate) fn between(before: Option<&FunctionStatus>, after: &FunctionStatus) -> Self {
        let nothing = FunctionStatus::default();
        let before = before.unwrap_or(&nothing);
        if before == after {
            return Self::Nothing;
        }
        let failed = |status: &FunctionStatus| {
            status.conditions.iter().flatten().filter(|condition| condition.status == "False").count()
        };
        let is_open = |status: &FunctionStatus| {
            status.conditions.iter().flatten().any(|condition| condition.status == "Unknown")
        };
        if !is_open(after) || failed(before) != failed(after) {
            return Self::Result;
        }
        if !is_open(before) {
            return Self::Beginning;
        }
        // Without the words for what is open.
        let essence = |status: &FunctionStatus| {
            let mut status = status.clone();
            let conditions = status.conditions.iter_mut().flatten();
            for condition in conditions.filter(|condition| condition.status == "Unknown") {
                (condition.reason, condition.message, condition.observed_generation) = (None, None, None);
            }
            status
        };
        if essence(before) == essence(after) { Self::Words } else { Self::Stage }
    }
}

/// The conditions that are decided now and were not so before: each is worth an Event, but for a source that is in place
/// from the start.
pub(crate) fn transitions<'a>(
    before: &'a FunctionStatus,
    after: &'a FunctionStatus,
) -> impl Iterator<Item = &'a Condition> {
    let before = before.conditions.as_deref().unwrap_or_default();
    after.conditions.iter().flatten().filter(|condition| {
        let known = before.iter().find(|known| known.kind == condition.kind);
        match (condition.status.as_str(), known) {
            ("True" | "False", Some(known)) => known.status != condition.status,
            ("True", None) => condition.kind != Kind::ConfigurationReady.as_str(),
            ("False", None) => true,
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

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
        assert!(is_stored(&marked(&with), &marked(&with)));
        assert!(!is_stored(&marked(&without), &marked(&with)));
    }

    #[test]
    fn what_a_list_leaves_out_is_no_difference() {
        let wanted =
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": "1"}});
        let mut stored = marked(&wanted);
        stored.as_object_mut().unwrap().retain(|key, _| !["apiVersion", "kind"].contains(&key.as_str()));
        assert!(is_stored(&marked(&wanted), &stored));
    }

    const SOURCE: &str = "ConfigurationReady";

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
    #[case::nothing_yet(&[], &[], Said::Nothing, &[])]
    #[case::other_words_for_what_is_open(&[("B", "Unknown", "x")], &[("B", "Unknown", "y")], Said::Words, &[])]
    #[case::begun(&[], &[(SOURCE, "True", "x"), ("B", "Unknown", "y")], Said::Beginning, &[])]
    #[case::one_stage_over(&[("B", "Unknown", "x")], &[("B", "True", "y"), ("R", "Unknown", "z")], Said::Stage, &["B"])]
    #[case::open_again(&[("B", "True", "x")], &[("B", "Unknown", "y")], Said::Beginning, &[])]
    #[case::no_longer_ill(&[("B", "False", "x")], &[("B", "Unknown", "y")], Said::Result, &[])]
    #[case::all_over(&[("R", "Unknown", "x")], &[("R", "True", "y")], Said::Result, &["R"])]
    #[case::all_over_at_once(&[], &[(SOURCE, "True", "x"), ("B", "True", "y"), ("R", "True", "z")], Said::Result, &["B", "R"])]
    #[case::other_words_for_what_is_well(&[("B", "True", "x")], &[("B", "True", "y")], Said::Result, &[])]
    #[case::ill_from_the_start(&[], &[(SOURCE, "False", "x")], Said::Result, &[SOURCE])]
    #[case::ill_while_another_goes_on(&[], &[(SOURCE, "False", "x"), ("B", "Unknown", "y")], Said::Result, &[SOURCE])]
    #[case::well_again(&[(SOURCE, "False", "x")], &[(SOURCE, "True", "y")], Said::Result, &[SOURCE])]
    fn what_a_status_says(
        #[case] before: &[(&str, &str, &str)],
        #[case] after: &[(&str, &str, &str)],
        #[case] expected: Said,
        #[case] events: &[&str],
    ) {
        let (before, after) = (status(before), status(after));
        assert_eq!(Said::between(Some(&before), &after), expected);
        let told: Vec<_> = transitions(&before, &after).map(|condition| condition.kind.as_str()).collect();
        assert_eq!(told, events);
    }
}
