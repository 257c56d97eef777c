//! Decoding of an object under review: what does not decode becomes a violation with the path of the field. Time and
//! memory are bounded by the size of the object, whatever its shape.

mod bounded;

use std::fmt::Write as _;

use api::limits::ENTRIES_MAX;
use serde::Deserialize;
use serde_json::error::Category;
use serde_path_to_error::{Path, Segment, Track};

use crate::rule::Rule;
use crate::text::NAME_SHOWN;
use crate::violation::{Value, Violation};
use bounded::{Bounded, TOO_MANY};

/// Decodes an object; what does not decode is a violation that shows the kind of the value, never the value itself.
pub fn decode<'de, T: Deserialize<'de>>(json: &'de str) -> Result<T, Violation> {
    // Keeping track of the path costs a third of the time, so only what failed is decoded with it.
    decode_within_bounds(json).map_err(|error| {
        drop(error);
        violation::<T>(json)
    })
}

/// Decodes an object without a word of what is wrong with one that does not decode.
#[must_use]
pub fn decode_any<'de, T: Deserialize<'de>>(json: &'de str) -> Option<T> {
    decode_within_bounds(json).ok()
}

fn decode_within_bounds<'de, T: Deserialize<'de>>(json: &'de str) -> serde_json::Result<T> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let decoded = T::deserialize(Bounded(&mut deserializer))?;
    deserializer.end().map(|()| decoded)
}

/// What is wrong with an object that does not decode.
fn violation<'de, T: Deserialize<'de>>(json: &'de str) -> Violation {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let mut track = Track::new();
    let tracked = serde_path_to_error::Deserializer::new(Bounded(&mut deserializer), &mut track);
    match T::deserialize(tracked) {
        Err(error) => explain(&path_text(&track.path()), &error),
        // The object decodes, so what stands behind it is wrong.
        Ok(_) => Violation::invalid(Rule::SchemaType, "object", Value::Withheld, "must be one JSON object"),
    }
}

/// The path of a field, as far as a message shows it.
fn path_text(path: &Path) -> String {
    let mut text = String::new();
    for segment in path {
        match segment {
            // Writing to a String cannot fail.
            Segment::Seq { index } => drop(write!(text, "[{index}]")),
            Segment::Map { key: name } | Segment::Enum { variant: name } => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.extend(name.chars().take(NAME_SHOWN + 1));
            }
            // What the key of an entry would be: the entry is one too many.
            Segment::Unknown => {}
        }
    }
    text
}

fn explain(path: &str, error: &serde_json::Error) -> Violation {
    let text = error.to_string();
    if text.starts_with(TOO_MANY) {
        return Violation::too_many(non_empty(path), ENTRIES_MAX + 1, ENTRIES_MAX);
    }
    if error.classify() != Category::Data {
        return Violation::invalid(
            Rule::SchemaType,
            non_empty(path),
            Value::Withheld,
            "must be JSON nested no deeper than 128 levels",
        );
    }
    if let Some(missing) = text.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
        let dot = if path.is_empty() { "" } else { "." };
        return Violation::required(Rule::SchemaRequired, format!("{path}{dot}{missing}"), "");
    }
    let found = text.strip_prefix("invalid type: ").and_then(|rest| rest.split([' ', ',']).next());
    let without_position = text.rsplit_once(" at line ").map_or(text.as_str(), |(before, _)| before);
    let expected = without_position.rsplit_once(", expected ").map_or("valid", |(_, expected)| expected);
    let must = format!("must be {}", expected_in_words(expected));
    let found = found.map_or(Value::Withheld, |found| found_in_words(found).into());
    Violation::invalid(Rule::SchemaType, non_empty(path), found, must)
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
    use crate::object::FunctionObject;

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
    #[case::quantity(r#"{"spec": {"resources": {"limits": {"cpu": 0.5}}}}"#, r#"spec.resources.limits.cpu: Invalid value: "number": must be a quantity: a text in quotes such as '0.5', or a whole number"#)]
    #[case::quantity_null(r#"{"spec": {"resources": {"limits": {"cpu": null}}}}"#, r#"spec.resources.limits.cpu: Invalid value: "null": must be a quantity: a text in quotes such as '0.5', or a whole number"#)]
    #[case::label(
        r#"{"metadata": {"labels": {"a": true}}}"#,
        r#"metadata.labels.a: Invalid value: "boolean": must be a string"#
    )]
    #[case::too_many_in_a_list(
        &format!(r#"{{"spec": {{"env": [{}]}}}}"#, [r#"{"name": "A"}"#; 1001].join(",")),
        "spec.env: Too many: 1001: must have at most 1000 items"
    )]
    #[case::too_many_in_a_map(
        &format!(r#"{{"spec": {{"labels": {{{}}}}}}}"#, (0..1001).map(|index| format!(r#""a{index}": """#)).collect::<Vec<_>>().join(",")),
        "spec.labels: Too many: 1001: must have at most 1000 items"
    )]
    #[case::a_long_text_for_a_number(
        &format!(r#"{{"spec": {{"minReplicas": "{}"}}}}"#, "\u{7f}".repeat(1_000_000)),
        r#"spec.minReplicas: Invalid value: "string": must be a whole number of 32 bits"#
    )]
    #[case::a_long_key(
        &format!(r#"{{"metadata": {{"labels": {{"{}": 1}}}}}}"#, r#"\""#.repeat(1_000_000)),
        &format!(r#"metadata.labels.{}…: Invalid value: "integer": must be a string"#, "\"".repeat(239))
    )]
    #[case::a_key_of_control_characters(
        r#"{"metadata": {"labels": {"\u001b[2J": 1}}}"#,
        r#"metadata.labels.\u{1b}[2J: Invalid value: "integer": must be a string"#
    )]
    #[case::truncated(r#"{"spec": "#, "spec: Invalid value: must be JSON nested no deeper than 128 levels")]
    fn names_the_field_and_what_it_must_be(#[case] json: &str, #[case] text: &str) {
        let violation = decode::<FunctionObject>(json).unwrap_err();
        assert_eq!(violation.to_string(), text);
    }

    #[test]
    fn as_many_entries_as_there_may_be_are_decoded() {
        let json = format!(r#"{{"spec": {{"env": [{}]}}}}"#, [r#"{"name": "A"}"#; 1000].join(","));
        assert_eq!(decode::<FunctionObject>(&json).unwrap().spec.unwrap().env.unwrap().len(), 1000);
        // Fields that no rule knows are skipped, however many there are.
        let unknown = (0..5000).map(|index| format!(r#""f{index}": {{}}"#)).collect::<Vec<_>>().join(",");
        assert!(decode::<FunctionObject>(&format!(r#"{{"spec": {{{unknown}}}}}"#)).is_ok());
    }

    #[test]
    fn ignores_what_no_rule_looks_at() {
        let json = r#"{"kind": "X", "metadata": {"managedFields": [{"a": [1]}], "labels": null}, "spec": {"new": {}}, "status": 3}"#;
        assert_eq!(decode::<FunctionObject>(json).unwrap().metadata.label("a"), None);
    }
}
