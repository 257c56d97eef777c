//! A control plane with the controller of registries, where kwok simulates Pods, and a namespace for each test.

use std::sync::LazyLock;

use controller::config::Config;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use process::certificates::{Keyed, Pair};
use serde_json::{Value, json};

use crate::harness::cluster::{NOTHING, kubectl};
use crate::harness::command::Printed;
use crate::harness::controller::{Controlled, control_plane, shared};
use crate::harness::objects::{condition, persistent_volume};
use crate::harness::wait::{PATIENCE, wait_within};

/// The namespace of the controller.
pub const SYSTEM: &str = "kyma-system";
/// The kinds of objects that a registry becomes.
const KINDS: &str = "configmap,networkpolicy,persistentvolumeclaim,poddisruptionbudget,role,rolebinding,secret,service,serviceaccount,statefulset";
/// The label of all of them.
const MADE: &str = "app.kubernetes.io/managed-by=serverless-controller";

/// The control plane.
pub static CLUSTER: LazyLock<Controlled> = LazyLock::new(|| {
    let control_plane = control_plane();
    kubectl(&control_plane, &format!("create namespace {SYSTEM}"), NOTHING).unwrap();
    Controlled::start_with(control_plane, |client, metrics| async move {
        let shared = shared(client, metrics);
        controller::image_registries::run(&shared, &Config::default(), std::future::pending()).await;
    })
});

/// What is asked of a registry with a volume, as in the example of the original.
pub fn volume() -> Value {
    json!({
        "replicas": 1,
        "tls": {},
        "persistentVolumeClaim": {
            "storageClassName": "standard",
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    })
}

/// What is asked of a registry that needs no volume.
pub fn bucket() -> Value {
    json!({"replicas": 1, "storage": {"s3": {"bucket": "images", "region": "here", "secretName": "s3"}}})
}

/// A namespace.
#[derive(Clone, Copy)]
pub struct Team {
    name: &'static str,
}

impl Team {
    pub fn new(name: &'static str) -> Self {
        kubectl(&CLUSTER.control_plane, &format!("create namespace {name}"), NOTHING).unwrap();
        Self { name }
    }

    pub fn kubectl(self, words: &str, manifest: &Value) -> Printed {
        kubectl(&CLUSTER.control_plane, &format!("{words} --namespace={}", self.name), manifest)
    }

    pub fn get(self, what: &str) -> Value {
        serde_json::from_str(&self.kubectl(&format!("get {what} -o json"), NOTHING).unwrap()).unwrap()
    }

    pub fn list(self, kinds: &str) -> Vec<Value> {
        self.get(kinds)["items"].as_array().unwrap().clone()
    }

    /// Applies a registry.
    pub fn apply(self, name: &str, spec: &Value) {
        let registry = json!({
            "apiVersion": "registry.mgoltzsche.github.com/v1alpha1",
            "kind": "ImageRegistry",
            "metadata": {"name": name},
            "spec": spec,
        });
        self.kubectl("apply -f -", &registry).unwrap();
    }

    /// Changes what is asked of a registry.
    pub fn patch(self, name: &str, spec: &Value) {
        let patch = json!({"spec": spec}).to_string();
        self.kubectl(&format!("patch imageregistry {name} --type=merge -p {patch}"), NOTHING).unwrap();
    }

    /// A volume for a claim: nobody provisions one here.
    pub fn add_volume(self, name: &str) {
        self.kubectl("create -f -", &persistent_volume(name)).unwrap();
    }

    /// A condition as `Status Reason Message`.
    fn condition(self, name: &str, kind: &str) -> String {
        let registry = self.get(&format!("imageregistry {name}"));
        condition(&registry, kind)
    }

    /// Waits until a condition starts with a text.
    #[track_caller]
    pub fn awaits(self, name: &str, kind: &str, expected: &str) {
        let mut found = String::new();
        let deadline = std::time::Instant::now() + 3 * PATIENCE;
        while !found.starts_with(expected) {
            assert!(std::time::Instant::now() < deadline, "{kind} of {name} is {found:?}, not {expected:?}");
            std::thread::sleep(std::time::Duration::from_millis(50));
            found = self.condition(name, kind);
        }
    }

    #[track_caller]
    pub fn wait(self, what: &str, is_so: impl FnMut() -> bool) {
        wait_within(3 * PATIENCE, &format!("{what} in {}", self.name), is_so);
    }

    /// Kinds and names of all that was made.
    pub fn made(self) -> Vec<String> {
        let made = self.kubectl(&format!("get {KINDS} -l {MADE} -o name"), NOTHING).unwrap();
        let mut made: Vec<_> = made.lines().map(str::to_owned).collect();
        made.sort();
        made
    }

    /// Versions of all that was made, which show every write.
    pub fn versions(self) -> Vec<String> {
        let version = |object: &Value| {
            let metadata = &object["metadata"];
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            format!(
                "{}/{} {}",
                text(&object["kind"]),
                text(&metadata["name"]),
                text(&metadata["resourceVersion"])
            )
        };
        self.list(&format!("{KINDS} -l {MADE}")).iter().map(version).collect()
    }

    /// A Secret of this namespace, with what it holds as text.
    pub fn secret(self, name: &str) -> Held {
        Held::of(self.get(&format!("secret {name}")))
    }

    /// Replaces some of what a Secret holds.
    pub fn replace(self, secret: &str, data: &[(&str, &str)]) {
        let encoded = |text: &str| json!(ByteString(text.as_bytes().to_vec()));
        let data: serde_json::Map<_, _> =
            data.iter().map(|(key, text)| ((*key).to_owned(), encoded(text))).collect();
        let patch = json!({"data": data}).to_string();
        self.kubectl(&format!("patch secret {secret} --type=merge -p {patch}"), NOTHING).unwrap();
    }
}

/// The authority of the installation.
pub fn root() -> Held {
    let secret = format!("get secret image-registry-root-ca --namespace={SYSTEM} -o json");
    let text = kubectl(&CLUSTER.control_plane, &secret, NOTHING).unwrap();
    Held::of(serde_json::from_str(&text).unwrap())
}

/// What a Secret holds.
pub struct Held(Secret);

impl Held {
    fn of(secret: Value) -> Self {
        Self(serde_json::from_value(secret).unwrap())
    }

    /// The text of a key; empty if it is not there.
    pub fn text(&self, key: &str) -> String {
        let data = self.0.data.as_ref().and_then(|data| data.get(key));
        data.map(|bytes| String::from_utf8(bytes.0.clone()).unwrap()).unwrap_or_default()
    }

    pub fn secret_type(&self) -> &str {
        self.0.type_.as_deref().unwrap()
    }

    /// The certificate with its key.
    pub fn keyed(&self) -> Keyed {
        let pair = Pair { certificate: self.text("tls.crt"), key: self.text("tls.key").into() };
        Keyed::read(pair).unwrap()
    }
}
