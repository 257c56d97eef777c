#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use rstest::rstest;
use serde_json::json;

use super::*;

/// The documents by their lines; what cannot be read by its place.
fn read_as(text: &str) -> Vec<(usize, Value)> {
    let shown = |document: Result<Document, Unreadable>| match document {
        Ok(document) => (document.line, document.value),
        Err(error) => (error.line, format!("{error}, column {}", error.column).into()),
    };
    documents(text).into_iter().map(shown).collect()
}

#[rstest]
#[case::nothing("", json!([]))]
#[case::comments("# nothing\n---\n\n---\n# nothing\n", json!([]))]
#[case::yaml("a: 1\n---\nb: 2\n--- # another\nc: 3\n", json!([[1, {"a": 1}], [3, {"b": 2}], [5, {"c": 3}]]))]
#[case::yaml_that_begins_with_a_line("---\n\na: 1\n", json!([[2, {"a": 1}]]))]
#[case::yaml_after_a_directive("%YAML 1.2\n---\na: 1\n", json!([[3, {"a": 1}]]))]
#[case::yaml_that_begins_on_the_line("--- {a: 1}\n--- |\n  text\n", json!([[1, {"a": 1}], [2, "text\n"]]))]
#[case::yaml_like_json("{a: 1}\n---\n{b: 2}\n", json!([[1, {"a": 1}], [3, {"b": 2}]]))]
#[case::json("\n{\"a\":\n1}\n", json!([[2, {"a": 1}]]))]
#[case::lines_of_json("{\"a\": 1}\n{\"b\": 2}\n", json!([[1, {"a": 1}], [2, {"b": 2}]]))]
#[case::a_list_of_json("[1]", json!([[1, [1]]]))]
#[case::broken_yaml("a: 1\n---\nb: [\n---\nc: 3\n", json!([[1, {"a": 1}], [3, "not YAML: unclosed bracket '[', column 4"], [5, {"c": 3}]]))]
#[case::broken_lines_of_json("{\"a\": 1}\n nonsense\n{\"b\": 2}\n", json!([[1, {"a": 1}], [2, "not JSON: expected ident, column 3"], [3, {"b": 2}]]))]
#[case::broken_json("{\"a\":\n]", json!([[2, "not JSON: expected value, column 1"]]))]
fn a_text_is_cut_into_documents(#[case] text: &str, #[case] expected: Value) {
    assert_eq!(json!(read_as(text)), expected);
}

#[test]
fn a_list_holds_objects_and_anything_else_is_one() {
    let objects = |value: Value| -> Vec<(String, Value)> {
        let document = Document { line: 1, text: String::new(), value };
        document.objects().into_iter().map(|(path, object)| (path, object.clone())).collect()
    };
    for kind in ["List", "FunctionList"] {
        let list = json!({"kind": kind, "items": [{"a": 1}, {"b": 2}]});
        let expected = [("items[0].".to_owned(), json!({"a": 1})), ("items[1].".to_owned(), json!({"b": 2}))];
        assert_eq!(objects(list), expected);
    }
    for one in
        [json!({"kind": "Listing", "items": [1]}), json!({"kind": "List"}), json!({"items": [1]}), json!(7)]
    {
        assert_eq!(objects(one.clone()), [(String::new(), one)]);
    }
}

#[rstest]
#[case::nothing(json!({"data": {"a": "eA=="}}), json!({"data": {"a": "eA=="}}))]
#[case::over_data(json!({"data": {"a": "eA==", "b": "eQ=="}, "stringData": {"a": "z"}}), json!({"data": {"a": "eg==", "b": "eQ=="}}))]
#[case::without_data(json!({"stringData": {"a": "z"}}), json!({"data": {"a": "eg=="}}))]
#[case::data_that_is_null(json!({"data": null, "stringData": {"a": "z"}}), json!({"data": {"a": "eg=="}}))]
#[case::no_text(json!({"stringData": {"a": 1}}), json!({"data": {"a": 1}}))]
#[case::no_mapping(json!({"stringData": "z"}), json!({"stringData": "z"}))]
fn data_in_clear_is_moved(#[case] mut secret: Value, #[case] expected: Value) {
    fold_string_data(&mut secret);
    assert_eq!(secret, expected);
}
