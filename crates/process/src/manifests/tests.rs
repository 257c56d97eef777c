#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use rstest::rstest;
use serde_json::json;

use super::*;

/// The documents by their lines; what cannot be read by its place.
fn read_as(file: impl AsRef<[u8]>) -> Vec<(usize, Value)> {
    let shown = |document: Result<Document, Unreadable>| match document {
        Ok(document) => (document.line_of_object(""), document.value),
        Err(error) => (error.line, error.to_string().into()),
    };
    Documents::new(file.as_ref(), "serverless-webhook check").unwrap().map(shown).collect()
}

#[rstest]
#[case::nothing("", json!([]))]
#[case::comments("# nothing\n---\n\n---\n# nothing\n", json!([]))]
#[case::yaml("a: 1\n---\nb: 2\n--- # another\nc: 3\n", json!([[1, {"a": 1}], [3, {"b": 2}], [5, {"c": 3}]]))]
#[case::yaml_that_begins_with_a_line("---\n\na: 1\n", json!([[3, {"a": 1}]]))]
#[case::yaml_after_a_directive("%YAML 1.2\n---\na: 1\n", json!([[3, {"a": 1}]]))]
#[case::yaml_that_begins_on_the_line("--- {a: 1}\n--- |\n  text\n", json!([[1, {"a": 1}], [2, "text\n"]]))]
#[case::yaml_like_json("{a: 1}\n---\n{b: 2}\n", json!([[1, {"a": 1}], [3, {"b": 2}]]))]
#[case::yaml_like_json_with_quotes("{\"a\": b}\n---\n{\"b\": c}\n", json!([[1, {"a": "b"}], [3, {"b": "c"}]]))]
#[case::comments_with_a_brace("# a }\n{\"a\": 1}\n", json!([[2, {"a": 1}]]))]
#[case::json("\n{\"a\":\n1}\n", json!([[2, {"a": 1}]]))]
#[case::lines_of_json("{\"a\": 1}\n{\"b\": 2}\n", json!([[1, {"a": 1}], [2, {"b": 2}]]))]
#[case::json_on_one_line("{\"a\": 1}{\"b\": 2} [3]\n", json!([[1, {"a": 1}], [1, {"b": 2}], [1, [3]]]))]
#[case::a_list_of_json("[1]", json!([[1, [1]]]))]
#[case::broken_yaml("a: 1\n---\nb: [\n---\nc: 3\n", json!([[1, {"a": 1}], [3, "not YAML: unclosed bracket '['"], [5, {"c": 3}]]))]
#[case::broken_lines_of_json("{\"a\": 1}\n nonsense\n{\"b\": 2}\n", json!([[1, {"a": 1}], [2, "not JSON: expected value"], [3, {"b": 2}]]))]
#[case::broken_json("{\"a\":\n]", json!([[2, "not JSON: expected value"]]))]
#[case::a_first_line_that_is_cut("t\": {}}\n{\"b\": 2}\n", json!([[1, "not JSON: expected value"], [2, {"b": 2}]]))]
#[case::a_line_that_is_cut("{\"a\": {\"x\": 1\n{\"b\": 2}\n", json!([[1, "not JSON: it is cut off"], [2, {"b": 2}]]))]
#[case::a_line_that_is_cut_in_a_text("{\"a\": \"x\n{\"b\": 2}\n", json!([[1, "not JSON: a text must end on its line: is a quote missing?"], [2, {"b": 2}]]))]
#[case::a_last_line_that_is_cut("{\"b\": 2}\n{\"a\": [\n", json!([[1, {"b": 2}], [2, "not JSON: it is cut off"]]))]
#[case::a_key_twice_in_json("{\"a\": {\"b\": 1,\n\"b\": 2}}\n", json!([[2, "not JSON: a key is there twice"]]))]
#[case::a_key_twice("a:\n  b: 1\n  b: 2\n", json!([[3, "not YAML: a key is there twice"]]))]
#[case::a_value_without_a_key_twice("stringData: {hush,\nhush}\n", json!([[2, "not YAML: a key is there twice"]]))]
#[case::infinity("a: .inf\n", json!([[1, "not YAML: infinity and NaN are not possible here: put the text into quotes"]]))]
#[case::a_key_that_is_null("~: 1\n", json!([[1, "not YAML: a key is null: put it into quotes"]]))]
#[case::unknown_anchor("a: *b\n", json!([[1, "not YAML: an alias (*) stands for an anchor (&) that is not there"]]))]
#[case::a_text_at_the_indentation_of_its_key("a:\n  b: \"x\n  y\n  z\"\n  c: 1\n", json!([[1, {"a": {"b": "x y z", "c": 1}}]]))]
#[case::a_line_of_a_tab("a: 1\n\t\nb: 2\n", json!([[2, "not YAML: a tab cannot indent a line: use spaces"]]))]
#[case::a_tab_in_a_text("a: |\n  x\n  \t\n  y\n", json!([[1, {"a": "x\n\t\ny\n"}]]))]
#[case::a_template("a: 1\n---\n{{- if .Values.x }}\nb: 2\n{{- end }}\n---\n{{ c }}\n", json!([[1, {"a": 1}], [3, "a Helm template: render it first: helm template … | serverless-webhook check -"]]))]
#[case::a_template_that_is_yaml("metadata:\n  name: \"{{ .Release.Name }}\"\n---\na: 1\n", json!([[1, "a Helm template: render it first: helm template … | serverless-webhook check -"]]))]
#[case::braces_in_a_text("spec:\n  source: \"{{ x }}\"\n", json!([[1, {"spec": {"source": "{{ x }}"}}]]))]
fn a_file_is_cut_into_documents(#[case] text: &str, #[case] expected: Value) {
    assert_eq!(json!(read_as(text)), expected);
}

#[test]
fn aliases_that_stand_for_too_much_are_refused() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let before = level - 1;
        let ten = vec![format!("*a{before}"); 10].join(", ");
        text.extend([format!("a{level}: &a{level} [{ten}]\n")]);
    }
    let read = json!(read_as(text));
    assert_eq!(
        read[0][1],
        "not YAML: it is too large or nested too deeply, or its aliases stand for too much"
    );
}

#[test]
fn encodings_are_recognised() {
    let text = "a: \"é\"\n---\nb: 2\n";
    let expected = json!([[1, {"a": "é"}], [3, {"b": 2}]]);
    let marked = |mark: &[u8], rest: Vec<u8>| [mark, &rest].concat();
    assert_eq!(json!(read_as(marked(&[0xef, 0xbb, 0xbf], text.into()))), expected);
    let little = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(json!(read_as(marked(&[0xff, 0xfe], little))), expected);
    let big = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert_eq!(json!(read_as(marked(&[0xfe, 0xff], big))), expected);
    let latin = b"a: 1\nc: \xe9\n---\nb: 2\n";
    let refused = json!([[2, "not UTF-8: save the file in this encoding"], [4, {"b": 2}]]);
    assert_eq!(json!(read_as(latin)), refused);
}

#[test]
fn lists_and_arrays_hold_objects_and_anything_else_is_one() {
    let objects = |value: Value| Document::new(1, String::new(), value).take_objects();
    for kind in ["List", "FunctionList"] {
        let list = json!({"kind": kind, "items": [{"a": 1}, {"b": 2}]});
        let expected = [("items[0].".to_owned(), json!({"a": 1})), ("items[1].".to_owned(), json!({"b": 2}))];
        assert_eq!(objects(list), expected);
    }
    let array = json!([{"a": 1}, {"kind": "List", "items": [{"b": 2}]}]);
    let expected = [("[0].".to_owned(), json!({"a": 1})), ("[1].items[0].".to_owned(), json!({"b": 2}))];
    assert_eq!(objects(array), expected);
    for one in
        [json!({"kind": "Listing", "items": [1]}), json!({"kind": "List"}), json!({"items": [1]}), json!(7)]
    {
        assert_eq!(objects(one.clone()), [(String::new(), one)]);
    }
}

#[test]
fn a_field_is_at_the_line_of_its_key() {
    let text = "# first\nspec:\n  source:\n    x\n  env:\n    - name: a\n    -\n      name: b\n";
    let document = Documents::new(text.as_bytes(), "").unwrap().next().unwrap().unwrap();
    let lines = [
        "",
        "spec",
        "spec.source",
        "spec.runtime",
        "spec.env",
        "spec.env[1].name",
        "spec.env[1].value",
        "status",
    ];
    assert_eq!(lines.map(|path| document.line_of(path)), [2, 2, 3, 2, 5, 8, 8, 2]);
}

#[rstest]
#[case(json!({"a": [2.0, 1e3, 129e6, -0.0, 0.5, 1e19, 7, "2.0"]}), json!({"a": [2, 1000, 129_000_000, 0, 0.5, 1e19, 7, "2.0"]}))]
fn whole_numbers_are_sent_as_such(#[case] mut value: Value, #[case] expected: Value) {
    send_whole_numbers(&mut value);
    assert_eq!(value, expected);
}
