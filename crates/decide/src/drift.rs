//! Compares a stored object with the wanted one, so that nothing is written twice. The wanted object is compared as a part
//! of the stored one, which also holds defaults and notes of others. A hash shows fields that are no longer wanted: each
//! object carries the hash of the wanted object that was written.

use api::names::APPLIED;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::hash;

/// An object to apply, with its mark.
#[must_use]
pub fn marked(object: &impl Serialize) -> Value {
    let mut value = serde_json::to_value(object).unwrap_or_default();
    let mark = hash::of_bytes(&serde_json::to_vec(&value).unwrap_or_default());
    if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
        let annotations = metadata.entry("annotations").or_insert_with(|| Value::Object(Map::new()));
        if let Some(annotations) = annotations.as_object_mut() {
            annotations.insert(APPLIED.to_owned(), Value::String(mark));
        }
    }
    value
}

/// Whether a stored object has a mark: without one, the controller has never written it.
#[must_use]
pub fn is_marked(stored: &Value) -> bool {
    stored.pointer("/metadata/annotations").is_some_and(|annotations| annotations.get(APPLIED).is_some())
}

/// Whether an object is stored as wanted. Kind and version are not compared, because the items of a list do not have
/// them.
#[must_use]
pub fn is_stored(wanted: &Value, stored: &Value) -> bool {
    let fields = wanted.as_object().into_iter().flatten();
    fields
        .filter(|(key, _)| !["apiVersion", "kind"].contains(&key.as_str()))
        .all(|(key, value)| is_in(value, stored.get(key).unwrap_or(&Value::Null)))
}

/// The keys of the data of a ConfigMap or Secret that are stored and not wanted, as a merge patch that removes them; empty if
/// there are none.
#[must_use]
pub fn foreign_data(wanted: &Value, stored: &Value) -> Map<String, Value> {
    let mut patch = Map::new();
    for field in ["data", "binaryData"] {
        let wanted = wanted.get(field).and_then(Value::as_object);
        let stored = stored.get(field).and_then(Value::as_object);
        let is_foreign = |key: &str| wanted.is_none_or(|wanted| !wanted.contains_key(key));
        let keys = stored.into_iter().flat_map(Map::keys).filter(|key| is_foreign(key));
        let foreign: Map<_, _> = keys.map(|key| (key.clone(), Value::Null)).collect();
        if !foreign.is_empty() {
            patch.insert(field.to_owned(), Value::Object(foreign));
        }
    }
    patch
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
        // The API server leaves out empty values.
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
        assert!(is_marked(&marked(&with)) && !is_marked(&with));
    }

    #[test]
    fn what_a_list_leaves_out_is_no_difference() {
        let wanted =
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": "1"}});
        let mut stored = marked(&wanted);
        stored.as_object_mut().unwrap().retain(|key, _| !["apiVersion", "kind"].contains(&key.as_str()));
        assert!(is_stored(&marked(&wanted), &stored));
    }
}
