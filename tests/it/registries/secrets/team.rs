//! A registry whose status the test writes, and a namespace with push and pull secrets.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use serde_json::{Value, json};
use testenv::ControlPlane;

use crate::harness::cluster::{NOTHING, kubectl};
use crate::harness::namespace::Namespace;

/// The certificate authority of registries.
pub(super) const CA: &str = "-----BEGIN CERTIFICATE-----";

/// An `ImageRegistry`, without a reconciler.
pub(super) struct Registry<'a> {
    pub(super) control_plane: &'a ControlPlane,
    pub(super) namespace: &'a str,
}

impl Registry<'_> {
    pub(super) fn create(&self, auth: &Value) {
        let volume = json!({"resources": {"requests": {"storage": "1Gi"}}});
        self.apply(&json!({
            "apiVersion": "registry.mgoltzsche.github.com/v1alpha1",
            "kind": "ImageRegistry",
            "metadata": {"name": "registry"},
            "spec": {"persistentVolumeClaim": volume, "auth": auth},
        }));
        self.set_authority(CA);
        self.set_hostname(&format!("registry.{}.svc.cluster.local", self.namespace));
    }

    pub(super) fn set_authority(&self, certificate: &str) {
        self.apply(&json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "registry-tls"},
            "type": "kubernetes.io/tls",
            "stringData": {"ca.crt": certificate, "tls.crt": "", "tls.key": ""},
        }));
    }

    pub(super) fn set_hostname(&self, hostname: &str) {
        let status = json!({"status": {"hostname": hostname, "tlsSecretName": "registry-tls"}});
        let words = format!(
            "patch imageregistry registry -n {} --subresource=status --type=merge -p {status}",
            self.namespace
        );
        kubectl(self.control_plane, &words, NOTHING).unwrap();
    }

    pub(super) fn apply(&self, object: &Value) {
        kubectl(self.control_plane, &format!("apply -n {} -f -", self.namespace), object).unwrap();
    }
}

/// A namespace with push and pull secrets.
pub(super) struct Team<'a> {
    pub(super) namespace: Namespace<'a>,
    pub(super) control_plane: &'a ControlPlane,
    pub(super) name: &'a str,
}

impl<'a> Team<'a> {
    pub(super) fn new(control_plane: &'a ControlPlane, name: &'a str) -> Self {
        Self { namespace: Namespace::bare(control_plane, name), control_plane, name }
    }

    pub(super) fn put(&self, kind: &str, spec: &Value) {
        let object = json!({
            "apiVersion": "registry.mgoltzsche.github.com/v1alpha1",
            "kind": kind,
            "metadata": {"name": "web"},
            "spec": spec,
        });
        self.namespace.kubectl("apply -f -", &object).unwrap();
    }

    pub(super) fn find(&self, what: &str) -> Value {
        find(self.control_plane, self.name, what)
    }

    /// Status, reason and message of `Ready`.
    pub(super) fn ready(&self, what: &str) -> String {
        let ready = self.find(what)["status"]["conditions"][0].clone();
        let text = |key: &str| ready[key].as_str().unwrap_or_default().to_owned();
        format!("{} {}: {}", text("status"), text("reason"), text("message"))
    }

    pub(super) fn await_ready(&self, what: &str, expected: &str) {
        self.namespace.wait(expected, || self.ready(what) == expected);
    }

    /// Waits until a secret has the credentials of an account.
    pub(super) fn await_account(&self, what: &str, secret: &str, account: &str) {
        let expected = format!("True Synced: Secret {secret} has the credentials of account {account}");
        self.await_ready(what, &expected);
    }

    /// The accounts of the secrets of this namespace.
    pub(super) fn accounts(&self) -> Vec<String> {
        let all = kubectl(self.control_plane, "get imageregistryaccounts -A -o json", NOTHING).unwrap();
        let all: Value = serde_json::from_str(&all).unwrap();
        let metadata = all["items"].as_array().unwrap().iter().map(|account| &account["metadata"]);
        let key = |metadata: &Value| format!("{}/{}", text(&metadata["namespace"]), text(&metadata["name"]));
        let mut keys: Vec<_> = metadata.map(key).collect();
        keys.retain(|key| key.contains(&format!(".{}.", self.name)));
        keys
    }

    /// The values of a Secret.
    pub(super) fn data(&self, secret: &str) -> BTreeMap<String, String> {
        data(&self.find(&format!("secret {secret}")))
    }

    pub(super) fn annotate(&self, what: &str, value: &str) {
        let words = format!("annotate --overwrite {what} registry.mgoltzsche.github.com/rotate={value}");
        self.namespace.kubectl(&words, NOTHING).unwrap();
    }

    /// Reasons and messages of the Events about an object.
    pub(super) fn events(&self, kind: &str) -> Vec<String> {
        let events = self.namespace.list("events.events.k8s.io");
        let of = events.iter().filter(|event| event["regarding"]["kind"] == kind);
        of.map(|event| {
            format!("{} {}: {}", text(&event["type"]), text(&event["reason"]), text(&event["note"]))
        })
        .collect()
    }
}

pub(super) fn find(control_plane: &ControlPlane, namespace: &str, what: &str) -> Value {
    let words = format!("get {what} -n {namespace} -o json --ignore-not-found");
    serde_json::from_str(&kubectl(control_plane, &words, NOTHING).unwrap()).unwrap_or_default()
}

pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

pub(super) fn data(secret: &Value) -> BTreeMap<String, String> {
    let data: BTreeMap<String, ByteString> =
        serde_json::from_value(secret["data"].clone()).unwrap_or_default();
    data.into_iter().map(|(key, value)| (key, String::from_utf8(value.0).unwrap())).collect()
}
