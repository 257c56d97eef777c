//! Whether a stored object is what is wanted, so that nothing is written that is there already. What is wanted is compared
//! as a part of what is stored, which holds defaults and notes of others too; what is no longer wanted is found by a mark
//! that each object carries of all that was wanted when it was written.

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::image::hex;

/// The annotation with the mark.
pub const MARK: &str = "serverless.kyma-project.io/applied";

/// An object as it is to be applied, with its mark.
#[must_use]
pub fn marked(object: &impl Serialize) -> Value {
    let mut value = serde_json::to_value(object).unwrap_or_default();
    let mark = hex(&Sha256::digest(value.to_string().as_bytes()));
    if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
        let annotations =
            metadata.entry("annotations").or_insert_with(|| Value::Object(serde_json::Map::new()));
        if let Some(annotations) = annotations.as_object_mut() {
            annotations.insert(MARK.to_owned(), Value::String(mark));
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
}
