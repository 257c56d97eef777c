//! The objects of the cluster: who has credentials, and what must stay as it is.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use k8s_openapi::ByteString;
use serde_json::{Value, json};
use testenv::ControlPlane;

use crate::harness::cluster::{NOTHING, kubectl};
use crate::harness::guarded::hash;

/// The namespace of the registry.
pub const REGISTRY: &str = "infra";
/// Namespaces with a push and a pull secret each.
pub const TEAMS: [&str; 2] = ["team-a", "team-b"];
const VERSION: &str = "registry.mgoltzsche.github.com/v1alpha1";

/// A push or a pull secret.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Owner {
    pub namespace: &'static str,
    /// `push` or `pull`.
    pub access: &'static str,
}

impl Owner {
    pub fn all() -> impl Iterator<Item = Self> {
        TEAMS.into_iter().flat_map(|namespace| ["push", "pull"].map(|access| Self { namespace, access }))
    }

    fn kind(self) -> &'static str {
        if self.access == "push" { "ImagePushSecret" } else { "ImagePullSecret" }
    }

    pub fn object(self) -> String {
        format!("image{}secret web", self.access)
    }

    /// The account, without the number of a rotation.
    pub fn account(self) -> String {
        format!("{}.{}.web.", self.access, self.namespace)
    }
}

/// How the API server is asked. Kubectl alone, so that it goes on while the API server is away.
pub struct Cluster {
    pub control_plane: ControlPlane,
    rotations: usize,
}

impl Cluster {
    /// With the objects of everybody, for a registry at a port whose certificate an authority has signed.
    pub fn new(control_plane: ControlPlane, port: u16, authority: &str) -> Self {
        let new = Self { control_plane, rotations: 0 };
        create_objects(&new, port, authority);
        new
    }

    /// An object; null if there is none, or nobody answers.
    pub fn find(&self, namespace: &str, what: &str) -> Value {
        let words = format!("get {what} -n {namespace} -o json --ignore-not-found");
        serde_json::from_str(&kubectl(&self.control_plane, &words, NOTHING).out).unwrap_or_default()
    }

    /// The values of the Secret of an owner; empty if nobody answers.
    pub fn data(&self, owner: Owner) -> BTreeMap<String, String> {
        data(&self.find(owner.namespace, &format!("secret image{}secret-web", owner.access)))
    }

    /// The accounts by name.
    pub fn accounts(&self) -> BTreeMap<String, Value> {
        let accounts = self.find(REGISTRY, "imageregistryaccounts");
        let accounts = accounts["items"].as_array().cloned().unwrap_or_default();
        let name = |account: &Value| account["metadata"]["name"].as_str().unwrap().to_owned();
        accounts.into_iter().map(|account| (name(&account), account)).collect()
    }

    /// Objects that the controller must leave alone.
    pub fn foreign(&self) -> Vec<Value> {
        let objects = [
            (TEAMS[0], "secret imagepullsecret-taken"),
            (REGISTRY, "imageregistryaccount ci"),
            (REGISTRY, "imageregistry registry"),
            (REGISTRY, "secret registry-tls"),
        ];
        objects.into_iter().map(|(namespace, what)| self.find(namespace, what)).collect()
    }

    /// Waits until each Secret has the credentials that were asked for last.
    pub fn await_ready(&self, patience: Duration) {
        let start = Instant::now();
        loop {
            let unready: Vec<_> = Owner::all().filter(|owner| !self.is_ready(*owner)).collect();
            if unready.is_empty() {
                return;
            }
            assert!(start.elapsed() < patience, "{unready:?}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn is_ready(&self, owner: Owner) -> bool {
        let object = self.find(owner.namespace, &owner.object());
        let secret = self.find(owner.namespace, &format!("secret image{}secret-web", owner.access));
        let account = data(&secret).remove("username").unwrap_or_default();
        let expected =
            format!("Secret image{}secret-web has the credentials of account {account}", owner.access);
        let ready = &object["status"]["conditions"][0];
        let rotation = object["status"]["rotation"].as_u64().unwrap_or_default();
        ready["status"] == "True"
            && ready["message"] == expected.as_str()
            && account == format!("{}{rotation}", owner.account())
    }

    pub fn rotate(&mut self, owner: Owner) {
        self.rotations += 1;
        let words = format!(
            "annotate --overwrite {} -n {} {}/rotate={}",
            owner.object(),
            owner.namespace,
            "registry.mgoltzsche.github.com",
            self.rotations
        );
        kubectl(&self.control_plane, &words, NOTHING).unwrap();
    }

    fn apply(&self, namespace: &str, object: &Value) {
        kubectl(&self.control_plane, &format!("apply -n {namespace} -f -"), object).unwrap();
    }
}

/// The values of a Secret.
pub fn data(secret: &Value) -> BTreeMap<String, String> {
    let data: BTreeMap<String, ByteString> =
        serde_json::from_value(secret["data"].clone()).unwrap_or_default();
    data.into_iter().map(|(key, value)| (key, String::from_utf8(value.0).unwrap())).collect()
}

fn create_objects(cluster: &Cluster, port: u16, authority: &str) {
    let object = |kind: &str, name: &str, spec: Value| json!({"apiVersion": VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec});
    let volume = json!({"resources": {"requests": {"storage": "1Gi"}}});
    cluster.apply(REGISTRY, &object("ImageRegistry", "registry", json!({"persistentVolumeClaim": volume})));
    let secret = |name: &str, data: Value| json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": data});
    cluster.apply(REGISTRY, &secret("registry-tls", json!({"ca.crt": authority})));
    let status =
        json!({"status": {"hostname": format!("localhost:{port}"), "tlsSecretName": "registry-tls"}});
    let words =
        format!("patch imageregistry registry -n {REGISTRY} --subresource=status --type=merge -p {status}");
    kubectl(&cluster.control_plane, &words, NOTHING).unwrap();
    // An account and a Secret of somebody else, and a pull secret that would like to have the Secret.
    let password = json!({"password": hash("of-somebody-else")});
    cluster.apply(REGISTRY, &object("ImageRegistryAccount", "ci", password));
    cluster.apply(TEAMS[0], &secret("imagepullsecret-taken", json!({"password": "of-somebody-else"})));
    let spec = json!({
        "registryRef": {"name": "registry", "namespace": REGISTRY},
        "rotationInterval": "2m",
        "overlap": "1m",
    });
    cluster.apply(TEAMS[0], &object("ImagePullSecret", "taken", spec.clone()));
    for owner in Owner::all() {
        cluster.apply(owner.namespace, &object(owner.kind(), "web", spec.clone()));
    }
}
