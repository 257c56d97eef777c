//! A row per rule and boundary of an `ImageRegistryAccount`, with exact texts.

use rstest::rstest;
use serde_json::{Value as Json, json};

use super::*;
use crate::decode::decode;

const HASH: &str = "$2a$10$fVH8e28OQRj9tqiDXs1e1uxpsjN0c7II7YPKXua2NAKYvM6iQk7dq";

#[allow(clippy::needless_pass_by_value, reason = "the callers are rows of tables")]
fn account(name: &str, spec: Json) -> ImageRegistryAccountObject {
    let object = json!({"metadata": {"name": name}, "spec": spec});
    decode(Box::leak(object.to_string().into_boxed_str())).unwrap()
}

fn texts(decision: &Decision) -> Vec<String> {
    decision.violations.iter().map(ToString::to_string).collect()
}

#[rstest]
#[case::hash(json!({"password": HASH}))]
#[case::of_the_original(json!({"password": HASH, "ttl": "24h0m0s", "labels": {"namespace": ["a"], "name": ["b"], "accessMode": ["push"]}}))]
#[case::one_of_two(json!({"passwordHashes": [{"hash": HASH}]}))]
#[case::two(json!({"passwordHashes": [{"hash": HASH, "expiresAt": "2026-11-26T21:00:00Z"}, {"hash": HASH}]}))]
#[case::shortest(json!({"password": HASH, "ttl": "1s"}))]
#[case::longest(json!({"password": HASH, "ttl": "87600h"}))]
fn accepts(#[case] spec: Json) {
    assert_eq!(validate(&account("ci", spec), None), Decision::allowed());
}

const PLAIN: &str = "must be a bcrypt hash, not a password in plain text: `htpasswd -nBC 10 NAME` prints one; if this is a password, choose another, since audit logs may hold it now";

#[rstest]
#[case::nothing(json!({}), &["spec.password: Required value: the bcrypt hash of the password, or passwordHashes"])]
#[case::no_hashes(json!({"passwordHashes": []}), &["spec.password: Required value: the bcrypt hash of the password, or passwordHashes"])]
#[case::both(json!({"password": HASH, "passwordHashes": [{"hash": HASH}]}), &["spec.password: Forbidden: must not be set with passwordHashes: remove one of them"])]
#[case::plain_text(json!({"password": "hunter2"}), &[&*format!("spec.password: Invalid value: {PLAIN}")])]
#[case::empty(json!({"password": ""}), &[&*format!("spec.password: Invalid value: {PLAIN}")])]
#[case::cost(json!({"password": HASH.replace("$10$", "$15$")}), &["spec.password: Invalid value: must have a cost between 04 and 14, such as $2y$10$: each step doubles the time of a login"])]
#[case::kind(json!({"password": "$apr1$x$y"}), &["spec.password: Invalid value: must start with $2a$, $2b$ or $2y$: other hashes are not verified; `htpasswd -nBC 10 NAME` prints one"])]
#[case::newline(json!({"password": format!("{HASH}\n")}), &["spec.password: Invalid value: must have 60 characters, with no space or newline before or behind them"])]
#[case::damaged(json!({"password": HASH.replace('x', "-")}), &["spec.password: Invalid value: must be as bcrypt has printed it: one of its characters is wrong"])]
#[case::plain_text_in_a_list(json!({"passwordHashes": [{"hash": HASH}, {"hash": "hunter2"}]}), &[&*format!("spec.passwordHashes[1].hash: Invalid value: {PLAIN}")])]
#[case::without_a_hash(json!({"passwordHashes": [{}]}), &[&*format!("spec.passwordHashes[0].hash: Invalid value: {PLAIN}")])]
#[case::three(json!({"passwordHashes": [{"hash": HASH}, {"hash": HASH}, {"hash": HASH}]}), &["spec.passwordHashes: Too many: 3: must have at most 2 items"])]
#[case::origin(json!({"password": HASH, "labels": {"origin": ["cr"]}}), &["spec.labels: Forbidden: must not set origin and account: the token server sets them itself"])]
#[case::account(json!({"password": HASH, "labels": {"account": ["admin"]}}), &["spec.labels: Forbidden: must not set origin and account: the token server sets them itself"])]
#[case::days(json!({"password": HASH, "ttl": "7d"}), &[r#"spec.ttl: Invalid value: "7d": must be a duration between 1s and 87600h, such as 24h"#])]
#[case::no_time(json!({"password": HASH, "ttl": "0s"}), &[r#"spec.ttl: Invalid value: "0s": must be a duration between 1s and 87600h, such as 24h"#])]
#[case::too_long(json!({"password": HASH, "ttl": "87600h1s"}), &[r#"spec.ttl: Invalid value: "87600h1s": must be a duration between 1s and 87600h, such as 24h"#])]
#[case::all_at_once(json!({"password": "hunter2", "labels": {"origin": []}, "ttl": ""}), &[&*format!("spec.password: Invalid value: {PLAIN}"), "spec.labels: Forbidden: must not set origin and account: the token server sets them itself", r#"spec.ttl: Invalid value: "": must be a duration between 1s and 87600h, such as 24h"#])]
fn refuses(#[case] spec: Json, #[case] expected: &[&str]) {
    let found = texts(&validate(&account("ci", spec), None));
    assert_eq!(found, expected);
    assert!(!found.concat().contains("hunter2"));
}

#[test]
fn the_user_of_service_accounts_has_no_account() {
    let account = |name: &str| account(name, json!({"password": HASH}));
    let expected = r#"metadata.name: Invalid value: "serviceaccount": must not be serviceaccount: this user logs in with the token of a service account"#;
    assert_eq!(texts(&validate(&account("serviceaccount"), None)), [expected]);
    assert_eq!(validate(&account("serviceaccount-2"), None), Decision::allowed());
}

#[test]
fn what_an_update_leaves_alone_is_not_judged() {
    let bad = |ttl: &str| account("ci", json!({"password": "hunter2", "ttl": ttl}));
    assert_eq!(validate(&bad("1h"), Some(&bad("1h"))), Decision::allowed());
    assert!(!validate(&bad("2h"), Some(&bad("1h"))).is_allowed());
}

#[test]
fn no_password_is_shown_when_an_account_is_printed() {
    let printed =
        format!("{:?}", account("ci", json!({"password": "hunter2", "passwordHashes": [{"hash": HASH}]})));
    assert!(!printed.contains("hunter2") && !printed.contains("fVH8e"), "{printed}");
}
