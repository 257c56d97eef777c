//! A row per rule and boundary of registry Secrets, with exact texts and exact patches.

use api::names::copy_mark::COPIED_FROM;
use api::names::owned_label::MANAGED_BY;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value as Json, json};

use super::*;

mod addresses;

fn secret(data: &Json) -> SecretObject<'static> {
    with(json!({"data": data}))
}

#[allow(clippy::needless_pass_by_value, reason = "the callers are rows of tables")]
fn with(members: Json) -> SecretObject<'static> {
    let mut secret = json!({
        "metadata": {"name": "serverless-registry-config", "labels": {LABEL: "config"}},
        "type": "kubernetes.io/dockerconfigjson",
    });
    for (key, value) in members.as_object().unwrap() {
        match (secret.get_mut(key).and_then(Json::as_object_mut), value.as_object()) {
            (Some(existing), Some(added)) => existing.extend(added.clone()),
            _ => secret[key] = value.clone(),
        }
    }
    crate::decode::decode(Box::leak(secret.to_string().into_boxed_str())).unwrap()
}

fn encoded(text: impl AsRef<[u8]>) -> Json {
    BASE64.encode(text).into()
}

fn complete() -> Json {
    json!({
        "username": encoded("user"),
        "password": encoded("pass"),
        "serverAddress": encoded("https://index.docker.io/v1/"),
        "registryAddress": encoded("user"),
    })
}

fn changed(key: &str, value: impl AsRef<[u8]>) -> Json {
    let mut data = complete();
    data[key] = encoded(value);
    data
}

/// The texts of the warnings.
fn warned(decision: &Decision) -> Vec<&str> {
    decision.warnings.iter().map(|warning| warning.text.as_str()).collect()
}

fn patch(decision: &Decision) -> Json {
    serde_json::to_value(&decision.patch).unwrap()
}

const EXPECTED: &str = r#"{"auths":{"https://index.docker.io/v1/":{"auth":"dXNlcjpwYXNz"}}}"#;

fn add(config: &str) -> Json {
    json!([{"op": "add", "path": "/data/.dockerconfigjson", "value": BASE64.encode(config)}])
}

fn replace(config: &str) -> Json {
    json!([{"op": "replace", "path": "/data/.dockerconfigjson", "value": BASE64.encode(config)}])
}

#[test]
fn writes_the_docker_configuration() {
    let decision = mutate(&secret(&complete()), None);
    assert_eq!((patch(&decision), decision.violations, decision.warnings), (add(EXPECTED), vec![], vec![]));
}

#[rstest]
#[case::same(EXPECTED, json!([]), &[])]
#[case::spelt_otherwise("{ \"auths\": {\"https://index.docker.io/v1/\":\n{\"auth\":\"dXNlcjpwYXNz\"} } }", json!([]), &[])]
#[case::other_password(r#"{"auths":{"https://index.docker.io/v1/":{"auth":"b2xk"}}}"#, replace(EXPECTED), &[])]
#[case::with_an_email(r#"{"auths":{"https://index.docker.io/v1/":{"auth":"dXNlcjpwYXNz","email":"e"}}}"#, replace(EXPECTED), &[])]
#[case::other_servers(
    r#"{"auths":{"z.example.com":{"auth":"eg=="}},"credHelpers":{"a":"b"}}"#,
    replace(r#"{"auths":{"https://index.docker.io/v1/":{"auth":"dXNlcjpwYXNz"},"z.example.com":{"auth":"eg=="}},"credHelpers":{"a":"b"}}"#),
    &[]
)]
#[case::no_auths("{}", replace(EXPECTED), &[])]
#[case::empty("", replace(EXPECTED), &[])]
#[case::not_json("x", replace(EXPECTED), &["data[\".dockerconfigjson\"] is not a docker configuration: the webhook replaces it"])]
#[case::not_an_object("[]", replace(EXPECTED), &["data[\".dockerconfigjson\"] is not a docker configuration: the webhook replaces it"])]
#[case::auths_is_a_list(r#"{"auths":[]}"#, replace(EXPECTED), &["data[\".dockerconfigjson\"] is not a docker configuration: the webhook replaces it"])]
fn keeps_what_is_not_ours(#[case] existing: &str, #[case] expected: Json, #[case] warnings: &[&str]) {
    let decision = mutate(&secret(&changed(".dockerconfigjson", existing)), None);
    assert_eq!((patch(&decision), &decision.violations), (expected, &vec![]));
    assert_eq!(warned(&decision), warnings);
}

/// What `kubectl create secret docker-registry` writes.
#[test]
fn a_secret_of_docker_says_which_keys_it_needs() {
    let decision = mutate(&secret(&json!({".dockerconfigjson": encoded("{}")})), None);
    let warning = "a registry Secret has the keys username, password, serverAddress, such as https://index.docker.io/v1/, and registryAddress, such as docker.io/acme: the webhook writes .dockerconfigjson from them";
    assert_eq!((decision.violations.len(), warned(&decision)), (4, vec![warning]));
}

#[rstest]
#[case::all_missing(json!({}), "data.username: Required value; data.password: Required value; data.serverAddress: Required value; data.registryAddress: Required value")]
#[case::no_data(
    Json::Null,
    "data.username: Required value; data.password: Required value; data.serverAddress: Required value; data.registryAddress: Required value"
)]
#[case::blank_username(changed("username", " "), "data.username: Required value")]
#[case::empty_password(changed("password", ""), "data.password: Required value")]
#[case::newline_password(changed("password", "\n"), "data.password: Required value")]
#[case::null_password(json!({"username": "dQ==", "password": null, "serverAddress": "cw==", "registryAddress": "cg=="}), "data.password: Required value")]
#[case::not_base64(json!({"password": "#"}), "data.password: Invalid value: must be base64")]
#[case::colon(
    changed("username", "a:b"),
    "data.username: Invalid value: must not hold ':', which ends the user name in the docker configuration"
)]
fn refuses(#[case] data: Json, #[case] text: &str) {
    let decision = mutate(&secret(&data), None);
    let violations: Vec<_> = decision.violations.iter().map(ToString::to_string).collect();
    assert_eq!((violations.join("; ").as_str(), patch(&decision)), (text, json!([])));
}

#[rstest]
#[case::port_path_and_case("registryAddress", "Example.COM:5000/project".as_bytes(), "https://index.docker.io/v1/", "user:pass".as_bytes())]
#[case::password_of_bytes("password", &[0xff, 0xfe], "https://index.docker.io/v1/", &[b'u', b's', b'e', b'r', b':', 0xff, 0xfe])]
#[case::password_with_quotes("password", "\"é:\\".as_bytes(), "https://index.docker.io/v1/", "user:\"é:\\".as_bytes())]
#[case::server_without_scheme("serverAddress", "my-registry.azurecr.io".as_bytes(), "my-registry.azurecr.io", "user:pass".as_bytes())]
#[case::json_key("password", "{\n  \"type\": \"service_account\"\n}".as_bytes(), "https://index.docker.io/v1/", "user:{\n  \"type\": \"service_account\"\n}".as_bytes())]
fn uses_values_byte_for_byte(
    #[case] key: &str,
    #[case] value: &[u8],
    #[case] server: &str,
    #[case] pair: &[u8],
) {
    let decision = mutate(&secret(&changed(key, value)), None);
    let config = json!({"auths": {server: {"auth": BASE64.encode(pair)}}}).to_string();
    assert_eq!((patch(&decision), decision.warnings), (add(&config), vec![]));
}

#[rstest]
#[case("username")]
#[case("password")]
#[case("serverAddress")]
fn warns_of_a_newline_at_the_end(#[case] key: &str) {
    let decision = mutate(&secret(&changed(key, "value\n")), None);
    let warning = format!(
        "data.{key} ends with a newline, which is part of the value: encode it with `echo -n` or printf"
    );
    assert_eq!((warned(&decision), &decision.violations), (vec![warning.as_str()], &vec![]));
}

#[test]
fn warns_of_what_keeps_it_from_being_used() {
    let other = with(json!({"metadata": {"name": "other"}, "type": "Opaque", "data": complete()}));
    let decision = mutate(&other, None);
    assert_eq!(patch(&decision), add(EXPECTED));
    assert_eq!(
        warned(&decision),
        [
            "the kubelet pulls images only with Secrets of type kubernetes.io/dockerconfigjson: this Secret has another type",
            "only Secrets named \"serverless-registry-config\" or \"serverless-registry-config-default\" are used: this one is named \"other\"",
        ]
    );
}

#[test]
fn the_secret_of_the_installation_is_used() {
    let default =
        with(json!({"metadata": {"name": "serverless-registry-config-default"}, "data": complete()}));
    assert_eq!(mutate(&default, None).warnings, []);
}

const A_COPY: &str = "this is a copy of kyma-system/serverless-registry-config: the controller restores it; label it serverless.kyma-project.io/managed-by=user to keep yours";

#[rstest]
#[case::data_change(json!({"metadata": {"annotations": {COPIED_FROM: "kyma-system"}}}), &[A_COPY])]
#[case::not_a_copy(json!({"metadata": {"annotations": {"a": "b"}}}), &[])]
#[case::kept_by_its_user(
    json!({"metadata": {"annotations": {COPIED_FROM: "kyma-system"}, "labels": {MANAGED_BY: "user", LABEL: "config"}}}),
    &[]
)]
#[case::a_forged_origin(
    json!({"metadata": {"annotations": {COPIED_FROM: "a\nb"}}}),
    &["this is a copy of another namespace/serverless-registry-config: the controller restores it; label it serverless.kyma-project.io/managed-by=user to keep yours"]
)]
fn warns_who_changes_a_copy(#[case] metadata: Json, #[case] warnings: &[&str]) {
    let secret = |password: &str| {
        let mut members = metadata.clone();
        members["data"] = changed("password", password);
        with(members)
    };
    assert_eq!(warned(&mutate(&secret("new"), Some(&secret("old")))), warnings);
    assert_eq!(warned(&mutate(&secret("new"), None)), warnings);
    assert_eq!(mutate(&secret("old"), Some(&secret("old"))).warnings, []);
}

#[test]
fn folded_base64_is_read_as_the_api_server_reads_it() {
    let mut data = complete();
    data["password"] = "cGF\r\nz\ncw==\n".into();
    data[".dockerconfigjson"] = "eyJhdXRocyI6\ne319\n".into();
    let decision = mutate(&secret(&data), None);
    assert_eq!(
        (patch(&decision), decision.violations, decision.warnings),
        (replace(EXPECTED), vec![], vec![])
    );
    data["password"] = "cGF zcw==".into();
    let violations = mutate(&secret(&data), None).violations;
    assert_eq!(
        violations,
        [Violation::invalid(Rule::DataNotBase64, "data.password", Value::Withheld, "must be base64")]
    );
}

#[rstest]
#[case::not_labelled(json!({"metadata": {"labels": {LABEL: "other"}}}), None)]
#[case::label_removed(json!({"metadata": {"labels": {LABEL: ""}}}), Some(json!({})))]
#[case::going_away(json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}), Some(json!({"data": {"a": "Yg=="}})))]
#[case::immutable(json!({"immutable": true, "data": complete()}), Some(json!({"immutable": true})))]
#[case::only_metadata(json!({"metadata": {"finalizers": []}, "data": {"a": "Yg=="}}), Some(json!({"metadata": {"finalizers": ["f"]}, "data": {"a": "Yg=="}})))]
fn leaves_alone(#[case] new: Json, #[case] old: Option<Json>) {
    let old = old.map(with);
    assert_eq!(mutate(&with(new), old.as_ref()), Decision::allowed());
}

#[test]
fn a_label_that_is_added_to_a_complete_secret_has_its_configuration_written() {
    let old = with(json!({"metadata": {"labels": {LABEL: ""}}, "data": complete()}));
    let decision = mutate(&secret(&complete()), Some(&old));
    assert_eq!((patch(&decision), decision.violations, decision.warnings), (add(EXPECTED), vec![], vec![]));
}

#[test]
fn a_label_that_is_added_to_an_incomplete_secret_is_a_warning() {
    let mut data = complete();
    data.as_object_mut().unwrap().remove("password");
    let old = with(json!({"metadata": {"labels": {LABEL: ""}}, "data": data}));
    let decision = mutate(&secret(&data), Some(&old));
    assert_eq!((warned(&decision), &decision.violations), (vec!["data.password: Required value"], &vec![]));
}

#[test]
fn an_update_of_the_password_updates_the_configuration() {
    let mut rotated = changed("password", "new");
    rotated[".dockerconfigjson"] = encoded(EXPECTED);
    let decision = mutate(&secret(&rotated), Some(&secret(&changed(".dockerconfigjson", EXPECTED))));
    assert_eq!(
        patch(&decision),
        replace(r#"{"auths":{"https://index.docker.io/v1/":{"auth":"dXNlcjpuZXc="}}}"#)
    );
}

#[test]
fn values_are_never_shown() {
    let shown = format!("{:?}", secret(&changed("password", "s3cret")));
    assert!(shown.contains("(hidden)") && !shown.contains(&BASE64.encode("s3cret")), "{shown}");
}

proptest! {
    #[test]
    fn any_values_are_judged_without_showing_them_and_writing_is_idempotent(
        username in "[a-zA-Z0-9:\n]{0,9}", password: Vec<u8>, server in "[a-z./: \n]{0,9}", existing: Option<Vec<u8>>,
    ) {
        let mut data = json!({
            "username": encoded(&username), "password": encoded(&password),
            "serverAddress": encoded(&server), "registryAddress": encoded("r"),
        });
        if let Some(existing) = existing {
            data[".dockerconfigjson"] = encoded(existing);
        }
        let decision = mutate(&secret(&data), None);
        if let Some(operation) = patch(&decision).get(0) {
            data[".dockerconfigjson"] = operation["value"].clone();
            let again = mutate(&secret(&data), None);
            prop_assert_eq!((patch(&again), again.violations), (json!([]), vec![]));
        }
    }
}
