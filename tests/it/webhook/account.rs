//! What an attacker with the webhook's account can do on a real API server.

use serde_json::{Value, json};
use testenv::{ControlPlane, Options};

use crate::harness::cluster::{NOTHING, kubectl};
use crate::harness::command::{Printed, piped};
use crate::harness::wait::wait_until;

const DENIED: &str =
    "ValidatingAdmissionPolicy 'serverless-webhook' with binding 'serverless-webhook' denied request: ";

fn object(kind: &str, name: &str, fields: &Value) -> Value {
    let version = if kind == "Lease" { "coordination.k8s.io/v1" } else { "v1" };
    let metadata = json!({"name": name, "namespace": "kyma-system"});
    let mut object = json!({"apiVersion": version, "kind": kind, "metadata": metadata});
    object.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    object
}

/// A Secret that Kubernetes fills with a token for the controller's account.
fn token(name: &str) -> Value {
    let mut secret = object("Secret", name, &json!({"type": "kubernetes.io/service-account-token"}));
    secret["metadata"]["annotations"] =
        json!({"kubernetes.io/service-account.name": "serverless-controller"});
    secret
}

#[test]
fn the_account_of_the_webhook_gets_no_token_of_another_account() {
    let control_plane = ControlPlane::start(&Options { controllers: true, ..Options::default() }).unwrap();
    let user = "system:serviceaccount:kyma-system:serverless-webhook";
    let kubeconfig = control_plane.kubeconfig_for(user, "system:serviceaccounts").unwrap();
    let attack = |words: &str, object: &Value| -> Printed {
        let mut command = control_plane.kubectl();
        command.env("KUBECONFIG", &kubeconfig).args(words.split_whitespace());
        piped(command, &object.to_string())
    };
    kubectl(&control_plane, "create namespace kyma-system", NOTHING).unwrap();
    let manifests = format!("{}/manifests", testenv::root().display());
    kubectl(&control_plane, &format!("apply --server-side -k {manifests}"), NOTHING).unwrap();
    let declared = "secret/serverless-webhook-ca secret/serverless-webhook-tls lease/serverless-webhook";
    kubectl(&control_plane, &format!("delete -n kyma-system {declared}"), NOTHING).unwrap();
    wait_until("the policy is in force", || {
        !attack("create --dry-run=server -f -", &object("Secret", "other", &json!({}))).ok
    });

    let (names, types) = (
        "the webhook writes only the Secrets serverless-webhook-ca and serverless-webhook-tls",
        "the webhook writes only Secrets of type Opaque",
    );
    let mut generated = token("any");
    generated["metadata"] = json!({
        "generateName": "serverless-webhook-ca", "namespace": "kyma-system",
        "annotations": generated["metadata"]["annotations"],
    });
    let lease = object(
        "Lease",
        "serverless-controller-leader-election-helper",
        &json!({"spec": {"holderIdentity": "x"}}),
    );
    for (object, message) in [
        (token("serverless-webhook-ca"), types),
        (token("serverless-webhook-tls"), types),
        (token("other"), names),
        (generated, names),
        (object("Secret", "other", &json!({"type": "Opaque"})), names),
        (object("Secret", "serverless-registry-config-default", &json!({})), names),
        (
            object(
                "Secret",
                "serverless-webhook-tls",
                &json!({"type": "kubernetes.io/dockercfg", "data": {".dockercfg": "e30="}}),
            ),
            types,
        ),
        (lease, "the webhook writes only the Lease serverless-webhook"),
    ] {
        let printed = attack("create -f -", &object);
        assert!(!printed.ok, "{object}");
        assert!(printed.err.contains(&format!("{DENIED}{message}")), "{object}: {}", printed.err);
    }

    // What the webhook needs, and what others do, still works.
    for (name, kind) in [
        ("serverless-webhook-ca", "Secret"),
        ("serverless-webhook-tls", "Secret"),
        ("serverless-webhook", "Lease"),
    ] {
        attack("create -f -", &object(kind, name, &json!({}))).unwrap();
        attack("replace -f -", &object(kind, name, &json!({}))).unwrap();
    }
    kubectl(&control_plane, "create -f -", &token("of-an-administrator")).unwrap();
}
