//! A row per rule and boundary of an `ImageBuildEnv`, with exact texts.

use rstest::rstest;
use serde_json::{Value as Json, json};

use super::*;
use crate::decode::decode;

#[allow(clippy::needless_pass_by_value, reason = "the callers are rows of tables")]
fn build_env(name: &str, spec: Json) -> ImageBuildEnvObject {
    let object = json!({"metadata": {"name": name}, "spec": spec});
    decode(Box::leak(object.to_string().into_boxed_str())).unwrap()
}

fn judge(name: &str, spec: Json) -> Vec<String> {
    validate(&build_env(name, spec), None).violations.iter().map(ToString::to_string).collect()
}

#[rstest]
#[case::of_the_original("example", json!({"redis": true, "secrets": [{"secretName": "imagepushsecret-example"}]}))]
#[case::redis_alone("example", json!({"redis": true}))]
#[case::secrets_alone("a.b", json!({"redis": false, "secrets": [{"secretName": "a"}, {"secretName": "b"}]}))]
#[case::longest_with_redis(&"a".repeat(43), json!({"redis": true}))]
#[case::longest(&"a".repeat(234), json!({"secrets": [{"secretName": "a"}]}))]
fn accepts(#[case] name: &str, #[case] spec: Json) {
    assert_eq!(judge(name, spec), [""; 0]);
}

const REDIS: &str = r#"spec.redis: Invalid value: "true": must be false, unless the name of the ImageBuildEnv has at most 43 characters and no dot: the Service is named imagebuildenv-<name>-redis, which must be a DNS label"#;

#[rstest]
#[case::no_specification("demo", json!(null), &["spec: Required value"])]
#[case::nothing("demo", json!({}), &["spec.secrets: Required value: at least one Secret with a docker configuration, unless redis is true"])]
#[case::empty("demo", json!({"redis": false, "secrets": []}), &["spec.secrets: Required value: at least one Secret with a docker configuration, unless redis is true"])]
#[case::redis_with_a_dot("a.b", json!({"redis": true}), &[REDIS])]
#[case::redis_with_a_long_name(&"a".repeat(44), json!({"redis": true}), &[REDIS])]
#[case::no_name("demo", json!({"secrets": [{}]}), &["spec.secrets[0].secretName: Required value: a Secret with a docker configuration"])]
#[case::bad_name("demo", json!({"secrets": [{"secretName": "A"}]}), &[r#"spec.secrets[0].secretName: Invalid value: "A": must be a lower-case RFC 1123 subdomain: lower-case letters, digits, '-' or '.', starting and ending with a letter or digit, no longer than 253 characters (such as 'example.com')"#])]
#[case::twice("demo", json!({"secrets": [{"secretName": "a"}, {"secretName": "b"}, {"secretName": "a"}]}), &[r#"spec.secrets[2].secretName: Duplicate value: "a""#])]
#[case::itself("demo", json!({"secrets": [{"secretName": "imagebuildenv-demo-conf"}]}), &["spec.secrets[0].secretName: Forbidden: this is the Secret that the ImageBuildEnv becomes"])]
fn refuses(#[case] name: &str, #[case] spec: Json, #[case] expected: &[&str]) {
    assert_eq!(judge(name, spec), expected);
}

#[test]
fn a_name_leaves_room_for_the_name_of_the_secret() {
    let text = format!(
        "metadata.name: Invalid value: \"{}…\": must be no longer than 234 characters: the Secret is named imagebuildenv-<name>-conf, which must not be longer than 253",
        "a".repeat(80)
    );
    assert_eq!(judge(&"a".repeat(235), json!({"secrets": [{"secretName": "a"}]})), [text]);
}

/// A name can get wrong by an UPDATE that asks for a Redis.
#[test]
fn an_update_is_judged_by_what_it_changes() {
    let old = || build_env("a.b", json!({"secrets": [{"secretName": "A"}]}));
    assert_eq!(validate(&old(), Some(&old())), Decision::allowed());
    let violations = validate(&build_env("a.b", json!({"redis": true})), Some(&old())).violations;
    assert_eq!(violations.iter().map(ToString::to_string).collect::<Vec<_>>(), [REDIS]);
}
