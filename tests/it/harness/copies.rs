//! A control plane where the controller copies labelled objects, and helpers for tests.

use std::sync::{Arc, LazyLock};

use controller::config::{Config, Propagation};
use controller::metrics::Metrics;
use serde_json::{Value, json};
use testenv::{ControlPlane, Options};
use tokio::runtime::Runtime;

use crate::harness::cluster::{NOTHING, client, kubectl};
use crate::harness::command::Printed;
use crate::harness::controller::shared;
use crate::harness::wait::wait_until;

/// A control plane with the controller, without the component that finishes the deletion of namespaces.
pub static CLUSTER: LazyLock<ControlPlane> = LazyLock::new(|| {
    let control_plane = ControlPlane::start(&Options::default()).unwrap();
    for name in ["kyma-system", "excluded"] {
        kubectl(&control_plane, &format!("create namespace {name}"), NOTHING).unwrap();
    }
    let kubeconfig = control_plane.kubeconfig();
    RUNTIME.spawn(async move {
        let client = client(&kubeconfig).await;
        let mut propagation = Propagation::default();
        propagation.excluded_namespaces.insert("excluded".to_owned());
        let config = Config { propagation, ..Config::default() };
        let metrics = Arc::new(Metrics::new());
        let never = std::future::pending();
        controller::copies::run(&shared(client, metrics), &config, never).await;
    });
    control_plane
});

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

pub fn run(words: &str, manifest: &Value) -> Printed {
    kubectl(&CLUSTER, words, manifest)
}

pub fn get(what: &str, namespace: &str) -> Option<Value> {
    let printed = run(&format!("get {what} -o json --ignore-not-found -n {namespace}"), NOTHING).unwrap();
    serde_json::from_str(&printed).ok()
}

pub fn create_namespace(name: &str) {
    run(&format!("create namespace {name}"), NOTHING).unwrap();
}

/// Applies an object to the base namespace.
pub fn apply(object: &Value) {
    run("apply -n kyma-system -f -", object).unwrap();
}

pub fn secret(name: &str, texts: &Value) -> Value {
    let labels = json!({"serverless.kyma-project.io/config": "credentials"});
    json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": name, "labels": labels},
        "stringData": texts,
    })
}

/// Waits until a copy has a certain value at a JSON pointer.
#[track_caller]
pub fn await_value(what: &str, namespace: &str, pointer: &str, expected: &Value) {
    let mut found = None;
    wait_until(&format!("{pointer} of {what} in {namespace} is {expected}"), || {
        found = get(what, namespace);
        found.as_ref().and_then(|object| object.pointer(pointer)) == Some(expected)
    });
}

#[track_caller]
pub fn await_gone(what: &str, namespace: &str) {
    wait_until(&format!("{what} in {namespace} is gone"), || get(what, namespace).is_none());
}

/// One object of each kind, with the field that identifies a copy.
pub fn bases(prefix: &str) -> Vec<(Value, String, &'static str, Value)> {
    let rbac = "rbac.authorization.k8s.io";
    let object = |kind: &str, label: &str, value: &str, fields: Value| {
        let version = if kind.starts_with("Role") { format!("{rbac}/v1") } else { "v1".to_owned() };
        let labels = json!({(format!("serverless.kyma-project.io/{label}")): value});
        let mut object = json!({"apiVersion": version, "kind": kind, "metadata": {"name": format!("{prefix}-{}", kind.to_lowercase()), "labels": labels}});
        object.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        object
    };
    let rules = json!([{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}]);
    let role_ref = json!({"apiGroup": rbac, "kind": "Role", "name": format!("{prefix}-role")});
    let subjects = json!([{"kind": "ServiceAccount", "name": format!("{prefix}-serviceaccount"), "namespace": "kyma-system"}]);
    let all = [
        (
            "ConfigMap",
            "config",
            "runtime",
            json!({"data": {"Dockerfile": "FROM x"}}),
            "/data/Dockerfile",
            json!("FROM x"),
        ),
        (
            "Secret",
            "config",
            "credentials",
            json!({"stringData": {"username": "u"}}),
            "/data/username",
            json!("dQ=="),
        ),
        (
            "ServiceAccount",
            "config",
            "service-account",
            json!({"automountServiceAccountToken": false}),
            "/automountServiceAccountToken",
            json!(false),
        ),
        ("Role", "rbac", "role", json!({"rules": rules}), "/rules/0/verbs/0", json!("get")),
        (
            "RoleBinding",
            "rbac",
            "rolebinding",
            json!({"roleRef": role_ref, "subjects": subjects}),
            "/roleRef/name",
            json!(format!("{prefix}-role")),
        ),
    ];
    let known =
        |(kind, label, value, fields, pointer, expected): (&str, &str, &str, Value, &'static str, Value)| {
            let name = format!("{}/{prefix}-{}", kind.to_lowercase(), kind.to_lowercase());
            (object(kind, label, value, fields), name, pointer, expected)
        };
    all.map(known).into()
}
