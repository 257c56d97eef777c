//! A namespace of Functions on the real node.

use std::collections::BTreeMap;
use std::net::TcpStream;
use std::ops::Deref;
use std::time::{Duration, Instant};

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use serde_json::{Value, json};

use super::{RealCluster, secret};
use crate::harness::call::{Answer, call};
use crate::harness::cluster::{NOTHING, function, kubectl};
use crate::harness::registry::Registry;
use crate::harness::wait::{wait_until, wait_within};

/// How long a Function may take until it is ready, and a Pod until it is refused an image, on a busy machine.
const LONG: Duration = Duration::from_mins(4);

/// A namespace of Functions.
pub struct Namespace {
    pub cluster: &'static RealCluster,
    pub name: &'static str,
}

/// A namespace of one test. It goes with all in it when the test ends, in whatever way: a node has room for few Pods.
pub struct OwnNamespace(pub(super) Namespace);

impl Deref for OwnNamespace {
    type Target = Namespace;

    fn deref(&self) -> &Namespace {
        &self.0
    }
}

impl Drop for OwnNamespace {
    fn drop(&mut self) {
        let words = format!("delete namespace {} --wait=false", self.name);
        let deleted = kubectl(&self.cluster.control_plane, &words, NOTHING);
        assert!(deleted.ok || std::thread::panicking(), "{}", deleted.err);
    }
}

impl Namespace {
    pub fn kubectl(&self, words: &str) -> String {
        kubectl(&self.cluster.control_plane, &format!("{words} --namespace={}", self.name), NOTHING).unwrap()
    }

    pub fn apply(&self, manifest: &Value) {
        self.cluster.apply(self.name, manifest);
    }

    /// Gives the namespace a registry of its own, which the controller leaves alone.
    pub fn use_registry(&self, registry: &Registry, password: &str) {
        let labels = json!({
            "serverless.kyma-project.io/remote-registry": "config",
            "serverless.kyma-project.io/managed-by": "user",
        });
        let metadata = json!({"name": "serverless-registry-config", "labels": labels});
        self.apply(&secret(&metadata, &registry.secret(password)));
    }

    pub fn function(&self, name: &str, spec: &Value) {
        self.apply(&function(name, spec));
    }

    /// Creates a Function of a runtime that was just added: the webhook learns of it a moment later.
    pub fn function_of_new_runtime(&self, name: &str, spec: &Value) {
        let words = format!("apply --namespace={} -f -", self.name);
        let admitted = || kubectl(&self.cluster.control_plane, &words, &function(name, spec)).ok;
        wait_within(Duration::from_mins(2), "the runtime is admitted", admitted);
    }

    /// Waits until a Function is ready.
    pub fn await_ready(&self, name: &str) {
        self.await_condition(name, |ready, _| ready == "True");
    }

    /// Waits until a condition of a Function, by its status and message, is as it should be. Returns the message of `Ready`.
    pub fn await_condition(&self, name: &str, holds: impl Fn(&str, &str) -> bool) -> String {
        let path = "jsonpath={range.status.conditions[?(@.type=='Ready')]}{.status}|{.message}{end}";
        let deadline = Instant::now() + LONG;
        loop {
            let said = self.kubectl(&format!("get function {name} -o {path}"));
            let (status, message) = said.split_once('|').unwrap_or_default();
            if holds(status, message) {
                return message.to_owned();
            }
            assert!(Instant::now() < deadline, "{name}: {said}\n{}", self.cluster.explanation(self.name));
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until a Pod is ready.
    #[track_caller]
    pub fn await_pod(&self, name: &str) {
        let path = "jsonpath={.status.conditions[?(@.type=='Ready')].status}";
        let deadline = Instant::now() + LONG;
        while self.kubectl(&format!("get pod {name} -o {path}")) != "True" {
            assert!(Instant::now() < deadline, "{name}\n{}", self.cluster.explanation(self.name));
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The image that a Function runs.
    pub fn image(&self, name: &str) -> String {
        self.kubectl(&format!("get function {name} -o jsonpath={{.status.image}}"))
    }

    /// Whether a Function answers with a text by now.
    pub fn answers(&self, name: &str, text: &str) -> bool {
        let answer = call((&self.address(name), 80), "POST", "/", &[], b"");
        answer.is_some_and(|answer| answer.body == text)
    }

    /// The address of a Function's Service; empty as long as there is none.
    pub fn address(&self, name: &str) -> String {
        self.kubectl(&format!("get service {name} --ignore-not-found -o jsonpath={{.spec.clusterIP}}"))
    }

    /// Calls a Function that must answer.
    pub fn call(&self, name: &str, headers: &[&str], body: &str) -> Answer {
        let address = self.address(name);
        // A Function may be ready a moment before kube-proxy leads its Service there.
        wait_until(&format!("the node reaches {name}"), || {
            TcpStream::connect((address.as_str(), 80)).is_ok()
        });
        call((&address, 80), "POST", "/", headers, body.as_bytes()).expect("an answer")
    }

    /// What a Secret holds.
    pub fn held(&self, secret: &str) -> BTreeMap<String, String> {
        let secret = self.kubectl(&format!("get secret {secret} -o json"));
        let secret: Secret = serde_json::from_str(&secret).unwrap();
        let data = secret.data.unwrap_or_default();
        data.into_iter().map(|(key, ByteString(value))| (key, String::from_utf8(value).unwrap())).collect()
    }

    /// Why a Pod has no image, as containerd says it.
    pub fn refusal(&self, pod: &str) -> String {
        let path = "jsonpath={.status.containerStatuses[0].state.waiting.reason}|{.status.containerStatuses[0].state.waiting.message}";
        let mut said = String::new();
        wait_within(LONG, &format!("{pod} is refused"), || {
            said = self.kubectl(&format!("get pod {pod} -o {path}"));
            said.starts_with("ErrImagePull|")
        });
        said.split_once('|').unwrap().1.to_owned()
    }
}
