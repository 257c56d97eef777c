//! What is written into a Secret, with exact patches.

use api::names::container_registries::{LABEL, LABEL_VALUE};
use policy::decode::decode;
use serde_json::Value as Json;

use super::*;
use crate::nodes::files::Files;

/// 2026-11-26.
const NOW: Timestamp = Timestamp::constant(1_795_651_200, 0);

const VALUES: &str =
    "containerRegistries: {a.b: [{endpoint: a.b, credentials: {username: me, password: hush}}]}";
const HOSTS: &str = r#"server = "https://a.b"

[host."https://a.b"]
capabilities = ["pull", "resolve"]

[host."https://a.b".header]
Authorization = ["Basic bWU6aHVzaA=="]
"#;

const CONFIG: &str = r#"version = 2

[plugins."io.containerd.grpc.v1.cri".registry]

[plugins."io.containerd.grpc.v1.cri".registry.mirrors]

[plugins."io.containerd.grpc.v1.cri".registry.mirrors."a.b"]
endpoint = ["https://a.b"]

[plugins."io.containerd.grpc.v1.cri".registry.configs]

[plugins."io.containerd.grpc.v1.cri".registry.configs."a.b".auth]
username = "me"
password = "hush"
"#;

const KUBEADM: &str = r#"files:
- path: /etc/containerd/certs.d/a.b/hosts.toml
  owner: root:root
  permissions: "0600"
  contentFrom:
    secret:
      name: registries
      key: a.b.hosts.toml
"#;

const ANNOTATION: &str = "/metadata/annotations/serverless.kyma-project.io~1container-registries-hash";

fn encoded(text: &str) -> Json {
    BASE64.encode(text).into()
}

/// A labelled Secret as JSON.
fn secret(data: &Json, annotations: Option<Json>) -> Json {
    let mut secret = json!({
        "metadata": {"name": "registries", "labels": {LABEL: LABEL_VALUE}},
        "data": data,
    });
    if let Some(annotations) = annotations {
        secret["metadata"]["annotations"] = annotations;
    }
    secret
}

fn mutated(secret: &Json) -> Decision {
    let text = secret.to_string();
    mutate(&decode(&text).unwrap(), None, NOW)
}

fn patch_of(secret: &Json) -> Json {
    let decision = mutated(secret);
    assert_eq!(decision.violations, []);
    serde_json::to_value(&decision.patch).unwrap()
}

fn hash() -> String {
    let files =
        [("a.b/hosts.toml", HOSTS), ("kubeadm-files.yaml", KUBEADM), ("registry-config.toml", CONFIG)];
    Files(files.map(|(path, text)| (path.to_owned(), HiddenText::new(text))).into()).hash()
}

#[test]
fn writes_the_files_and_their_hash() {
    let expected = json!([
        {"op": "add", "path": "/data/a.b.hosts.toml", "value": encoded(HOSTS)},
        {"op": "add", "path": "/data/kubeadm-files.yaml", "value": encoded(KUBEADM)},
        {"op": "add", "path": "/data/registry-config.toml", "value": encoded(CONFIG)},
        {"op": "add", "path": "/metadata/annotations", "value": {HASH: hash()}},
    ]);
    assert_eq!(patch_of(&secret(&json!({"values": encoded(VALUES)}), None)), expected);
}

#[test]
fn keeps_other_annotations() {
    let secret = secret(&json!({"values": encoded(VALUES)}), Some(json!({"a": "b"})));
    assert_eq!(patch_of(&secret)[3], json!({"op": "add", "path": ANNOTATION, "value": hash()}));
}

#[test]
fn replaces_what_has_changed_and_removes_what_is_gone() {
    let data = json!({
        "values": encoded(VALUES),
        "mine": encoded("mine"),
        "a.b.hosts.toml": encoded("old"),
        "c.d_5000.hosts.toml": encoded("old"),
        "a.b.ca-0a1b2c3d.pem": encoded("old"),
        "ca-0a1b2c3d.pem": encoded("old"),
        "kubeadm-files.yaml": encoded(KUBEADM),
        "registry-config.toml": encoded("old"),
    });
    let expected = json!([
        {"op": "remove", "path": "/data/a.b.ca-0a1b2c3d.pem"},
        {"op": "remove", "path": "/data/c.d_5000.hosts.toml"},
        {"op": "remove", "path": "/data/ca-0a1b2c3d.pem"},
        {"op": "replace", "path": "/data/a.b.hosts.toml", "value": encoded(HOSTS)},
        {"op": "replace", "path": "/data/registry-config.toml", "value": encoded(CONFIG)},
        {"op": "replace", "path": ANNOTATION, "value": hash()},
    ]);
    assert_eq!(patch_of(&secret(&data, Some(json!({HASH: "old"})))), expected);
}

#[test]
fn a_secret_that_is_up_to_date_gets_no_patch() {
    let mut object = secret(&json!({"values": encoded(VALUES)}), Some(json!({"a": "b"})));
    let decision = mutated(&object);
    json_patch::patch(&mut object, &decision.patch).unwrap();
    assert_eq!(patch_of(&object), json!([]));
}

#[test]
fn an_invalid_one_gets_no_patch() {
    let decision = mutated(&secret(&json!({"values": encoded("containerRegistries: {a.b: []}")}), None));
    assert_eq!((decision.violations.len(), decision.patch.len()), (1, 0));
}

#[test]
fn a_secret_without_room_is_refused() {
    let large = "x".repeat(SECRET_DATA_MAX - VALUES.len());
    let decision = mutated(&secret(&json!({"values": encoded(VALUES), "mine": encoded(&large)}), None));
    let texts: Vec<_> = decision.violations.iter().map(Violation::to_string).collect();
    assert_eq!(
        texts,
        [
            "data.values: Forbidden: the files of nodes and the values are more than 1 MiB: split them into two Secrets"
        ]
    );
    assert_eq!(decision.patch, []);
}

/// The texts of the warnings about the older file.
fn of_older_file(decision: &Decision) -> Vec<&str> {
    let of_it = decision.warnings.iter().filter(|warning| warning.rule == Rule::OlderConfiguration);
    of_it.map(|warning| warning.text.as_str()).collect()
}

#[test]
fn what_the_older_file_leaves_out_is_a_warning() {
    let endpoints = (0..5).map(|number| format!("{{endpoint: m{number}.example.com, dialTimeout: 1s}}"));
    let endpoints = endpoints.collect::<Vec<_>>().join(", ");
    let values = format!("containerRegistries: {{a.b: {{fallback: None, endpoints: [{endpoints}]}}}}");
    let new = secret(&json!({"values": encoded(&values)}), None);
    let expected = "data.values: registry-config.toml, for containerd 1.x without config_path, leaves something out: a.b[0].dialTimeout: the format has none; a.b[1].dialTimeout: the format has none; a.b[2].dialTimeout: the format has none; a.b[3].dialTimeout: the format has none; a.b[4].dialTimeout: the format has none; and 1 more";
    assert_eq!(of_older_file(&mutated(&new)), [expected]);
    assert_eq!(of_older_file(&mutated(&secret(&json!({"values": encoded(VALUES)}), None))), [""; 0]);

    // Its author is not told again when nothing but metadata changes; with a new label it is news.
    let (new, mut unlabelled) = (new.to_string(), new);
    let new: SecretObject<'_> = decode(&new).unwrap();
    assert_eq!(of_older_file(&mutate(&new, Some(&new), NOW)), [""; 0]);
    unlabelled["metadata"]["labels"] = json!({});
    let unlabelled = unlabelled.to_string();
    let unlabelled: SecretObject<'_> = decode(&unlabelled).unwrap();
    assert_eq!(of_older_file(&mutate(&new, Some(&unlabelled), NOW)), [expected]);
}
