//! Decoding of an object under review: what does not decode becomes a violation with the path of the field.

use serde::Deserialize;
use serde_json::error::Category;

use crate::violation::{Value, Violation};

/// Decodes an object; what does not decode is a violation that shows the kind of the value, never the value itself.
pub fn decode<'de, T: Deserialize<'de>>(json: &'de str) -> Result<T, Violation> {
    // Keeping track of the path costs a third of the time, so only what failed is decoded with it.
    serde_json::from_str(json).or_else(|_| {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
            let path = error.path().to_string();
            explain(if path == "." { "" } else { &path }, error.inner())
        })
    })
}

fn explain(path: &str, error: &serde_json::Error) -> Violation {
    let text = error.to_string();
    if error.classify() != Category::Data {
        return Violation::invalid(
            non_empty(path),
            Value::Withheld,
            "must be JSON nested no deeper than 128 levels",
        );
    }
    if let Some(missing) = text.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
        let dot = if path.is_empty() { "" } else { "." };
        return Violation::required(format!("{path}{dot}{missing}"), "");
    }
    let found = text.strip_prefix("invalid type: ").and_then(|rest| rest.split([' ', ',']).next());
    let without_position = text.rsplit_once(" at line ").map_or(text.as_str(), |(before, _)| before);
    let expected = without_position.rsplit_once(", expected ").map_or("valid", |(_, expected)| expected);
    let rule = format!("must be {}", expected_in_words(expected));
    match found {
        Some(found) => Violation::invalid(non_empty(path), found_in_words(found), rule),
        None => Violation::invalid(non_empty(path), Value::Withheld, rule),
    }
}

fn non_empty(path: &str) -> &str {
    if path.is_empty() { "object" } else { path }
}

/// The kind of JSON value, as the API server's schema errors call it.
fn found_in_words(found: &str) -> &str {
    match found {
        "map" => "object",
        "sequence" => "array",
        "floating" => "number",
        other => other,
    }
}

/// What was expected, without the names that only this program knows.
fn expected_in_words(expected: &str) -> &str {
    match expected {
        "i32" | "u32" => "a whole number of 32 bits",
        "i64" | "u64" => "a whole number of 64 bits",
        "a sequence" => "a list",
        "a map" => "an object",
        other if other.starts_with("struct ") || other.starts_with(char::is_uppercase) => "an object",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::decode;
    use crate::FunctionObject;

    #[rstest]
    #[case::not_an_object("3", r#"object: Invalid value: "integer": must be an object"#)]
    #[case::spec_is_text(r#"{"spec": "x"}"#, r#"spec: Invalid value: "string": must be an object"#)]
    #[case::number_as_text(
        r#"{"spec": {"minReplicas": "3"}}"#,
        r#"spec.minReplicas: Invalid value: "string": must be a whole number of 32 bits"#
    )]
    #[case::too_large(
        r#"{"spec": {"minReplicas": 3000000000}}"#,
        "spec.minReplicas: Invalid value: must be a whole number of 32 bits"
    )]
    #[case::env_is_a_map(
        r#"{"spec": {"env": {"A": "B"}}}"#,
        r#"spec.env: Invalid value: "object": must be a list"#
    )]
    #[case::env_value(
        r#"{"spec": {"env": [{"name": "A", "value": 4711}]}}"#,
        r#"spec.env[0].value: Invalid value: "integer": must be a string"#
    )]
    #[case::quantity(r#"{"spec": {"resources": {"limits": {"cpu": 0.5}}}}"#, r#"spec.resources.limits.cpu: Invalid value: "number": must be a quantity (a string or a whole number)"#)]
    #[case::quantity_null(r#"{"spec": {"resources": {"limits": {"cpu": null}}}}"#, r#"spec.resources.limits.cpu: Invalid value: "null": must be a quantity (a string or a whole number)"#)]
    #[case::label(
        r#"{"metadata": {"labels": {"a": true}}}"#,
        r#"metadata.labels.a: Invalid value: "boolean": must be a string"#
    )]
    #[case::truncated(r#"{"spec": "#, "spec: Invalid value: must be JSON nested no deeper than 128 levels")]
    fn names_the_field_and_what_it_must_be(#[case] json: &str, #[case] text: &str) {
        let violation = decode::<FunctionObject>(json).unwrap_err();
        assert_eq!(violation.to_string(), text);
    }

    #[test]
    fn ignores_what_no_rule_looks_at() {
        let json = r#"{"kind": "X", "metadata": {"managedFields": [{"a": [1]}], "labels": null}, "spec": {"new": {}}, "status": 3}"#;
        assert_eq!(decode::<FunctionObject>(json).unwrap().metadata.label("a"), None);
    }
}
