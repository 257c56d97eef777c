//! The objects that are written, whole.

use api::registry::ImagePullSecret;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rstest::rstest;

use super::*;

const HOST: &str = "registry.kyma-system.svc.cluster.local";

fn written(request: &Request, registry: Option<Registry>) -> Value {
    let cluster = Cluster { registry, ..Cluster::new(request.clone()) };
    let password = Zeroizing::new("hush".to_owned());
    let credentials = Credentials { number: 7, username: request.numbered(7), password };
    request.secret(&cluster.observed(&[]), &credentials).unwrap().object
}

/// The data of a Secret, decoded.
fn data(secret: &Value) -> Value {
    let decoded =
        |value: &Value| String::from_utf8(STANDARD.decode(value.as_str().unwrap()).unwrap()).unwrap();
    secret["data"].as_object().unwrap().iter().map(|(key, value)| (key.clone(), decoded(value))).collect()
}

#[test]
fn a_push_secret_is_this_account_and_this_secret() {
    let request = request(&json!({"rotationInterval": "1h30m"}));
    let account = request.account(7, &PasswordHash(HASH.to_owned()));
    assert_eq!((account.namespace.as_str(), account.name.as_str()), ("kyma-system", "push.team.web.7"));
    let expected = json!({
        "apiVersion": "registry.mgoltzsche.github.com/v1alpha1",
        "kind": "ImageRegistryAccount",
        "metadata": {
            "name": "push.team.web.7",
            "namespace": "kyma-system",
            "labels": {"registry.mgoltzsche.github.com/imagepushsecret": "push.team.web"},
        },
        "spec": {
            "password": HASH,
            "ttl": "5400s",
            "labels": {"namespace": ["team"], "name": ["web"], "accessMode": ["push"]},
        },
    });
    assert_eq!(account.object, expected);

    let mut secret = written(&request, Some(registry(&json!({}))));
    let config =
        format!(r#"{{"auths":{{"{HOST}":{{"auth":"{}"}}}}}}"#, STANDARD.encode("push.team.web.7:hush"));
    let expected = json!({
        ".dockerconfigjson": config,
        "config.json": config,
        "registry": HOST,
        "ca.crt": "-----BEGIN CERTIFICATE-----",
        "username": "push.team.web.7",
        "password": "hush",
    });
    assert_eq!(data(&secret), expected);
    secret.as_object_mut().unwrap().remove("data");
    let expected = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/dockerconfigjson",
        "metadata": {
            "name": "imagepushsecret-web",
            "namespace": "team",
            "labels": {
                "registry.mgoltzsche.github.com/imagepushsecret": "push.team.web",
                "serverless.kyma-project.io/managed-by": "user",
            },
            "annotations": {"registry.mgoltzsche.github.com/rotation": "7"},
            "ownerReferences": [{
                "apiVersion": "registry.mgoltzsche.github.com/v1alpha1",
                "kind": "ImagePushSecret",
                "name": "web",
                "uid": "1-2",
                "controller": true,
            }],
        },
    });
    assert_eq!(secret, expected);
}

#[test]
fn a_pull_secret_has_no_configuration_for_builds() {
    let object = json!({
        "apiVersion": "registry.mgoltzsche.github.com/v1alpha1",
        "kind": "ImagePullSecret",
        "metadata": {"name": "web", "namespace": "team", "uid": "1-2"},
        "spec": {"registryRef": {"name": "images"}, "secretName": "mine"},
    });
    let object: ImagePullSecret = serde_json::from_value(object).unwrap();
    let request = Request::of(&object, &defaults());
    assert_eq!(request.registry, ("team".to_owned(), "images".to_owned()));
    let account = request.account(1, &PasswordHash(HASH.to_owned()));
    assert_eq!((account.namespace.as_str(), account.name.as_str()), ("team", "pull.team.web.1"));
    assert_eq!(account.object["spec"]["labels"]["accessMode"], json!(["pull"]));
    assert_eq!(account.object["spec"]["ttl"], "86400s");
    let secret = written(&request, Some(registry(&json!({}))));
    assert_eq!(secret["metadata"]["name"], "mine");
    let keys: Vec<_> = secret["data"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, [".dockerconfigjson", "ca.crt", "password", "registry", "username"]);
}

#[rstest]
#[case::shared(json!({"policy": "Shared"}), HOST.to_owned())]
#[case::by_default(json!({}), HOST.to_owned())]
#[case::per_namespace(json!({"policy": "PerNamespace"}), format!("{HOST}/team"))]
#[case::rules_of_its_own(json!({"policy": "PerNamespace", "configMapName": "acl"}), HOST.to_owned())]
fn functions_find_their_registry_in_the_secret(#[case] auth: Value, #[case] address: String) {
    let request = request(&json!({"forFunctions": true}));
    let secret = written(&request, Some(registry(&auth)));
    assert_eq!(secret["metadata"]["name"], "serverless-registry-config");
    assert_eq!(secret["metadata"]["labels"]["serverless.kyma-project.io/remote-registry"], "config");
    let data = data(&secret);
    assert_eq!((&data["serverAddress"], &data["registryAddress"]), (&json!(HOST), &json!(address)));
    // They push to that address, and pull from it.
    let stored: Secret = serde_json::from_value(secret).unwrap();
    let found = crate::function::RegistrySecret::of(&stored);
    let found = crate::function::registry(Some(&found), None).unwrap();
    assert_eq!((found.push, found.pull), (address.clone(), address));
}

#[test]
fn without_an_authority_of_its_own_a_registry_gives_none() {
    let request = request(&json!({}));
    let cluster = Cluster::new(request.clone());
    let observed = Observed { authority: Authority::Public, ..cluster.observed(&[]) };
    let credentials =
        Credentials { number: 1, username: request.numbered(1), password: Zeroizing::new("hush".to_owned()) };
    let secret = request.secret(&observed, &credentials).unwrap().object;
    assert_eq!(secret["data"]["ca.crt"], Value::Null);
}

#[rstest]
#[case::own(json!({}), Some(7))]
#[case::other_label(json!({"metadata": {"labels": {"registry.mgoltzsche.github.com/imagepushsecret": "push.team.other"}}}), None)]
#[case::other_kind_of_label(json!({"metadata": {"labels": {"registry.mgoltzsche.github.com/imagepushsecret": null, "registry.mgoltzsche.github.com/imagepullsecret": "push.team.web"}}}), None)]
#[case::without_a_number(json!({"metadata": {"name": "push.team.web"}}), None)]
#[case::other_name(json!({"metadata": {"name": "ci"}}), None)]
#[case::of_another_namespace(json!({"spec": {"labels": {"namespace": ["other"]}}}), None)]
#[case::of_two_namespaces(json!({"spec": {"labels": {"namespace": ["team", "other"]}}}), None)]
#[case::of_another_secret(json!({"spec": {"labels": {"name": ["other"]}}}), None)]
#[case::for_pulls(json!({"spec": {"labels": {"accessMode": ["pull"]}}}), None)]
#[case::without_an_end(json!({"spec": {"ttl": null}}), None)]
fn an_account_belongs_to_one_secret(#[case] change: Value, #[case] expected: Option<u64>) {
    let request = request(&json!({}));
    let mut object = request.account(7, &PasswordHash(HASH.to_owned())).object;
    object["metadata"]["creationTimestamp"] = "2026-11-27T12:00:00Z".into();
    json_patch::merge(&mut object, &change);
    let account = serde_json::from_value(object).unwrap();
    assert_eq!(request.own_account(&account).map(|own| own.number), expected);
}

#[rstest]
#[case::untouched(json!({}), Some(7))]
#[case::another_password(json!({"data": {"password": "eA=="}}), None)]
#[case::no_password(json!({"data": {"password": null}}), None)]
#[case::another_user(json!({"data": {"username": STANDARD.encode("push.team.web.8")}}), None)]
#[case::another_annotation(json!({"metadata": {"annotations": {"registry.mgoltzsche.github.com/rotation": "8"}}}), None)]
#[case::no_annotation(json!({"metadata": {"annotations": null}}), None)]
#[case::another_configuration(json!({"data": {".dockerconfigjson": "e30="}}), None)]
#[case::another_configuration_for_builds(json!({"data": {"config.json": "e30="}}), None)]
#[case::another_authority(json!({"data": {"ca.crt": "eA=="}}), Some(7))]
#[case::no_utf8(json!({"data": {"username": "/w=="}}), None)]
#[case::no_data(json!({"data": null}), None)]
fn who_edits_credentials_gets_new_ones(#[case] change: Value, #[case] expected: Option<u64>) {
    let request = request(&json!({}));
    let mut secret = written(&request, Some(registry(&json!({}))));
    json_patch::merge(&mut secret, &change);
    let stored = request.stored(Some(&serde_json::from_value(secret).unwrap()));
    assert_eq!(stored.own().unwrap().number, expected);
}

#[rstest]
#[case::of_nobody(json!(null))]
#[case::of_another(json!([{"apiVersion": "v1", "kind": "ImagePushSecret", "name": "web", "uid": "2-1", "controller": true}]))]
#[case::no_controller(json!([{"apiVersion": "v1", "kind": "ImagePushSecret", "name": "web", "uid": "1-2"}]))]
fn a_secret_of_somebody_else_is_foreign(#[case] owners: Value) {
    let request = request(&json!({}));
    let mut secret = written(&request, Some(registry(&json!({}))));
    secret["metadata"]["ownerReferences"] = owners;
    assert_eq!(request.stored(Some(&serde_json::from_value(secret).unwrap())), Stored::Foreign);
}

#[test]
fn nothing_that_is_cached_shows_a_password() {
    let request = request(&json!({}));
    let secret: Secret = serde_json::from_value(written(&request, Some(registry(&json!({}))))).unwrap();
    let shown = format!("{:?}", request.stored(Some(&secret)));
    assert!(!shown.contains("hush") && !shown.contains(&STANDARD.encode("hush")), "{shown}");
}
