//! A row per rule and boundary of push and pull secrets, with exact texts.

use rstest::rstest;
use serde_json::{Value as Json, json};

use super::*;
use crate::decode::decode;

fn texts(decision: &Decision) -> Vec<String> {
    decision.violations.iter().map(ToString::to_string).collect()
}

/// What is wrong with an `ImagePushSecret` and with an `ImagePullSecret` of these members.
#[allow(clippy::needless_pass_by_value, reason = "the callers are rows of tables")]
fn judge(object: Json) -> [Vec<String>; 2] {
    let text = object.to_string();
    let (push, pull) = (decode(&text).unwrap(), decode(&text).unwrap());
    [texts(&validate_push(&push, None)), texts(&validate_pull(&pull, None))]
}

#[rstest]
#[case::no_specification(json!({}))]
#[case::default_registry(json!({"spec": {}}))]
#[case::of_the_original(json!({"spec": {"registryRef": {"name": "registry"}}}))]
#[case::of_another_namespace(json!({"spec": {"registryRef": {"name": "registry", "namespace": "1-infra"}}}))]
#[case::interval(json!({"spec": {"rotationInterval": "2m"}}))]
#[case::longest_interval(json!({"spec": {"rotationInterval": "8760h"}}))]
#[case::half(json!({"spec": {"rotationInterval": "24h", "overlap": "12h"}}))]
#[case::shortest_overlap(json!({"spec": {"rotationInterval": "24h", "overlap": "1m"}}))]
#[case::name(json!({"spec": {"secretName": "my.registry"}}))]
#[case::with_a_dot(json!({"metadata": {"name": "a.b"}}))]
fn accepts(#[case] object: Json) {
    assert_eq!(judge(object), [vec![""; 0], vec![]]);
}

#[rstest]
#[case::no_name(json!({"registryRef": {}}), &["spec.registryRef.name: Required value: the name of an ImageRegistry"])]
#[case::hostname(json!({"registryRef": {"name": "registry.infra"}}), &[r#"spec.registryRef.name: Invalid value: "registry.infra": must name an ImageRegistry: lower-case letters, digits or '-', starting with a letter and ending with a letter or digit, no longer than 49 characters"#])]
#[case::long_name(json!({"registryRef": {"name": "a".repeat(50)}}), &[&*format!(r#"spec.registryRef.name: Invalid value: "{}": must name an ImageRegistry: lower-case letters, digits or '-', starting with a letter and ending with a letter or digit, no longer than 49 characters"#, "a".repeat(50))])]
#[case::namespace(json!({"registryRef": {"name": "registry", "namespace": "a.b"}}), &[r#"spec.registryRef.namespace: Invalid value: "a.b": must name a namespace: lower-case letters, digits or '-', starting and ending with a letter or digit, no longer than 63 characters"#])]
#[case::no_namespace(json!({"registryRef": {"name": "registry", "namespace": ""}}), &[r#"spec.registryRef.namespace: Invalid value: "": must name a namespace: lower-case letters, digits or '-', starting and ending with a letter or digit, no longer than 63 characters"#])]
#[case::days(json!({"rotationInterval": "1d"}), &[r#"spec.rotationInterval: Invalid value: "1d": must be a duration between 2m and 8760h, such as 24h"#])]
#[case::short_interval(json!({"rotationInterval": "119s"}), &[r#"spec.rotationInterval: Invalid value: "119s": must be a duration between 2m and 8760h, such as 24h"#])]
#[case::overlap_alone(json!({"overlap": "1h"}), &["spec.rotationInterval: Required value: overlap is a part of it, so set both"])]
#[case::short_overlap(json!({"rotationInterval": "1h", "overlap": "59s"}), &[r#"spec.overlap: Invalid value: "59s": must be a duration between 1m and 4380h, such as 12h"#])]
#[case::long_overlap(json!({"rotationInterval": "24h", "overlap": "12h1s"}), &[r#"spec.overlap: Invalid value: "12h1s": must be at most half the rotationInterval: no more than two passwords are valid at a time"#])]
#[case::secret_name(json!({"secretName": "A"}), &[r#"spec.secretName: Invalid value: "A": must be a lower-case RFC 1123 subdomain: lower-case letters, digits, '-' or '.', starting and ending with a letter or digit, no longer than 253 characters (such as 'example.com')"#])]
#[case::secret_of_functions(json!({"secretName": "serverless-registry-config"}), &["spec.secretName: Forbidden: this is the registry Secret of Functions: set forFunctions of an ImagePushSecret in place of it"])]
#[case::default_secret_of_functions(json!({"secretName": "serverless-registry-config-default"}), &["spec.secretName: Forbidden: this is the registry Secret of Functions: set forFunctions of an ImagePushSecret in place of it"])]
#[case::all_at_once(json!({"registryRef": {"name": "A"}, "rotationInterval": "1s", "overlap": "1s", "secretName": ""}), &[r#"spec.registryRef.name: Invalid value: "A": must name an ImageRegistry: lower-case letters, digits or '-', starting with a letter and ending with a letter or digit, no longer than 49 characters"#, r#"spec.rotationInterval: Invalid value: "1s": must be a duration between 2m and 8760h, such as 24h"#, r#"spec.overlap: Invalid value: "1s": must be a duration between 1m and 4380h, such as 12h"#, r#"spec.secretName: Invalid value: "": must be a lower-case RFC 1123 subdomain: lower-case letters, digits, '-' or '.', starting and ending with a letter or digit, no longer than 253 characters (such as 'example.com')"#])]
fn refuses(#[case] spec: Json, #[case] expected: &[&str]) {
    let [push, pull] = judge(json!({"metadata": {"name": "example"}, "spec": spec}));
    assert_eq!(push, expected);
    assert_eq!(pull, expected);
}

#[rstest]
#[case::alone(json!({"forFunctions": true}), None)]
#[case::not_meant(json!({"forFunctions": false, "secretName": "mine"}), None)]
#[case::with_a_name(json!({"forFunctions": true, "secretName": "mine"}), Some("spec.secretName: Forbidden: must not be set with forFunctions: the Secret of Functions is serverless-registry-config"))]
fn functions_name_the_secret(#[case] spec: Json, #[case] text: Option<&str>) {
    let [push, _] = judge(json!({"spec": spec}));
    assert_eq!(push, text.into_iter().collect::<Vec<_>>());
}

#[test]
fn a_name_leaves_room_for_the_name_of_the_secret() {
    let named = |length: usize| judge(json!({"metadata": {"name": "a".repeat(length)}, "spec": {}}));
    assert_eq!(named(237), [vec![""; 0], vec![]]);
    let text = |secret: &str| {
        let shown = format!("{}…", "a".repeat(80));
        vec![format!(
            "metadata.name: Invalid value: \"{shown}\": must be no longer than 237 characters: the Secret is named {secret}-<name>, which must not be longer than 253"
        )]
    };
    assert_eq!(named(238), [text("imagepushsecret"), text("imagepullsecret")]);
}

#[test]
fn what_an_update_leaves_alone_is_not_judged() {
    let object = |name: &str| -> ImagePushSecretObject {
        let object = json!({"spec": {"registryRef": {"name": name}}}).to_string();
        decode(Box::leak(object.into_boxed_str())).unwrap()
    };
    assert_eq!(validate_push(&object("A"), Some(&object("A"))), Decision::allowed());
    assert!(!validate_push(&object("A"), Some(&object("a"))).is_allowed());
}
