//! A row per rule, with the text on the Secret itself and the text on the object that refers to it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rstest::rstest;
use serde_json::{Map, Value as Json, json};

use super::*;
use crate::decode::decode;

fn secret(immutable: bool, label: bool, data: &[(&str, &str)]) -> SecretObject<'static> {
    let data: Map<_, _> =
        data.iter().map(|(key, value)| ((*key).to_owned(), Json::from(BASE64.encode(value)))).collect();
    let labels = if label { json!({(CREDENTIALS): CREDENTIALS_VALUE}) } else { json!({}) };
    let object = json!({"metadata": {"name": "hub", "labels": labels}, "immutable": immutable, "data": data});
    decode(Box::leak(object.to_string().into_boxed_str())).unwrap()
}

fn texts(violations: &[Violation]) -> Vec<String> {
    violations.iter().map(ToString::to_string).collect()
}

const KEY: &str = "{\n  \"type\": \"service_account\",\r\n\t\"private_key\": \"-----\\n\"\n}";

#[rstest]
#[case::plain(&[("username", "me"), ("password", "hush hush: 'x' \"y\" é")])]
#[case::key_file(&[("username", "_json_key"), ("password", KEY)])]
#[case::no_key_file(&[("username", "other"), ("password", "{")])]
fn allows(#[case] data: &[(&str, &str)]) {
    assert_eq!(validate(&secret(true, true, data), None), Decision::allowed());
    assert_eq!(check_referenced("f", "r", "a/b", &secret(true, false, data)), []);
}

#[rstest]
#[case::mutable(false, &[("username", "me"), ("password", "hush")], &["immutable: Invalid value: must be true: create another Secret for other credentials"], &[r#"the referenced secret "garden-dev/hub" should be immutable"#])]
#[case::third_key(true, &[("username", "me"), ("password", "hush"), ("x", "y")], &["data: Invalid value: must have username and password alone"], &[r#"the referenced secret "garden-dev/hub" should have only two data entries"#])]
#[case::no_username(true, &[("user", "me"), ("password", "hush")], &["data.username: Required value"], &[r#"missing "username" data entry in the referenced secret "garden-dev/hub""#])]
#[case::no_password(true, &[("username", "me"), ("x", "hush")], &["data.password: Required value"], &[r#"missing "password" data entry in the referenced secret "garden-dev/hub""#])]
#[case::blank_username(true, &[("username", " \n"), ("password", "hush")], &["data.username: Invalid value: must not be empty", "data.username: Invalid value: must not contain whitespace"], &[r#"the data entry "username" in the referenced secret "garden-dev/hub" is empty"#, r#"the data entry "username" in the referenced secret "garden-dev/hub" contains whitespace"#])]
#[case::empty_username(true, &[("username", ""), ("password", "hush")], &["data.username: Invalid value: must not be empty"], &[r#"the data entry "username" in the referenced secret "garden-dev/hub" is empty"#])]
#[case::empty_password(true, &[("username", "me"), ("password", "")], &["data.password: Invalid value: must not be empty"], &[r#"the data entry "password" in the referenced secret "garden-dev/hub" is empty"#])]
#[case::whitespace(true, &[("username", "me too"), ("password", "hush")], &["data.username: Invalid value: must not contain whitespace"], &[r#"the data entry "username" in the referenced secret "garden-dev/hub" contains whitespace"#])]
#[case::newline_of_the_username(true, &[("username", "me\n"), ("password", "hush")], &["data.username: Invalid value: must not contain whitespace"], &[r#"the data entry "username" in the referenced secret "garden-dev/hub" contains whitespace"#])]
#[case::colon(true, &[("username", "me:hush"), ("password", "hush")], &["data.username: Invalid value: must not contain ':', which ends the user name in a login"], &[r#"the data entry "username" in the referenced secret "garden-dev/hub" contains a colon"#])]
#[case::newline(true, &[("username", "me"), ("password", "hush\n")], &["data.password: Invalid value: must not end with a newline: encode it with `echo -n` or printf"], &[r#"the data entry "password" in the referenced secret "garden-dev/hub" ends with a newline"#])]
#[case::control(true, &[("username", "me"), ("password", "hush\u{7}hush")], &["data.password: Invalid value: must not contain control characters"], &[r#"the data entry "password" in the referenced secret "garden-dev/hub" contains a control character"#])]
#[case::lines_of_a_password(true, &[("username", "me"), ("password", "hush\nhush")], &["data.password: Invalid value: must not contain control characters"], &[r#"the data entry "password" in the referenced secret "garden-dev/hub" contains a control character"#])]
#[case::no_json(true, &[("username", "_json_key"), ("password", "hush")], &["data.password: Invalid value: must be the key of a service account, a JSON object of strings, for the user _json_key"], &[r#"failed to unmarshal ServiceAccount json from the password data entry in the referenced secret "garden-dev/hub": not a JSON object of strings"#])]
#[case::not_of_strings(true, &[("username", "_json_key"), ("password", r#"{"type": 1}"#)], &["data.password: Invalid value: must be the key of a service account, a JSON object of strings, for the user _json_key"], &[r#"failed to unmarshal ServiceAccount json from the password data entry in the referenced secret "garden-dev/hub": not a JSON object of strings"#])]
#[case::forbidden(true, &[("username", "_json_key"), ("password", r#"{"type": "a", "token_url": "b", "hush": "c", "hush2": "d"}"#)], &["data.password: Invalid value: forbidden ServiceAccount field", r#"data.password: Invalid value: forbidden ServiceAccount field "token_url""#], &[r#"forbidden ServiceAccount field present in the password data entry in the referenced secret "garden-dev/hub""#, r#"forbidden ServiceAccount field "token_url" present in the password data entry in the referenced secret "garden-dev/hub""#])]
#[case::nothing(true, &[], &["data: Invalid value: must have username and password alone", "data.username: Required value", "data.password: Required value"], &[r#"the referenced secret "garden-dev/hub" should have only two data entries"#, r#"missing "username" data entry in the referenced secret "garden-dev/hub""#, r#"missing "password" data entry in the referenced secret "garden-dev/hub""#])]
fn refuses(
    #[case] immutable: bool,
    #[case] data: &[(&str, &str)],
    #[case] own: &[&str],
    #[case] in_reference: &[&str],
) {
    assert_eq!(texts(&validate(&secret(immutable, true, data), None).violations), own);
    let field = "spec.caches[0].secretReferenceName";
    let found = check_referenced(field, "hub-secret", "garden-dev/hub", &secret(immutable, false, data));
    let expected = in_reference.iter().map(|text| format!("{field}: Invalid value: \"hub-secret\": {text}"));
    assert_eq!(texts(&found), expected.collect::<Vec<_>>());
    let shown = format!("{found:?}");
    assert!(!shown.contains("hush"), "{shown}");
}

/// A labelled Secret can always be deleted, whose finalizers go by updates; one that gets the label is judged.
#[test]
fn an_update_of_metadata_is_judged_if_it_adds_the_label() {
    let bad = |label| secret(false, label, &[("username", "me")]);
    assert_eq!(validate(&bad(true), Some(&bad(true))), Decision::allowed());
    assert_eq!(validate(&bad(false), Some(&bad(true))), Decision::allowed());
    assert_eq!(validate(&bad(true), Some(&bad(false))).violations.len(), 3);
}

#[test]
fn what_is_not_base64_is_reported() {
    let text = json!({"metadata": {"labels": {(CREDENTIALS): "config"}}, "immutable": true, "data": {"username": "hush-hush"}});
    let text = text.to_string();
    let found = validate(&decode(&text).unwrap(), None);
    assert_eq!(texts(&found.violations), ["data.username: Invalid value: must be base64"]);
}

#[rstest]
#[case::used(
    "config",
    "docker-hub,quay",
    Some(
        "RegistryCaches use this Secret (docker-hub, quay): they go on with the credentials that were proven last. Name another Secret in their spec.secretReferenceName"
    )
)]
#[case::many(
    "config",
    "a, b,c,,d,e,f,g",
    Some(
        "RegistryCaches use this Secret (a, b, c, d, e, and 2 more): they go on with the credentials that were proven last. Name another Secret in their spec.secretReferenceName"
    )
)]
#[case::not_used("config", "", None)]
#[case::not_labelled("other", "docker-hub", None)]
fn a_deletion_warns_of_caches_that_use_the_secret(
    #[case] label: &str,
    #[case] used: &str,
    #[case] expected: Option<&str>,
) {
    let metadata =
        json!({"labels": {(CREDENTIALS): label}, "annotations": {(api::names::cache::USED_BY): used}});
    let text = json!({"metadata": metadata, "data": {"password": "aHVzaA=="}}).to_string();
    let decision = about_deletion(&decode(&text).unwrap());
    let warnings: Vec<_> = decision.warnings.iter().map(|warning| warning.text.as_str()).collect();
    assert_eq!((decision.is_allowed(), warnings), (true, expected.into_iter().collect()));
}
