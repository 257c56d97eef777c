//! A control plane with the controller of caches, where kwok simulates Pods.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use controller::config::{Caches, Config};
use futures::future::join;
use serde_json::{Value, json};

use crate::harness::cluster::{NOTHING, kubectl};
use crate::harness::controller::{Controlled, control_plane, shared};
use crate::harness::objects::{condition, persistent_volume};
use crate::harness::wait::{PATIENCE, wait_within};

/// The base namespace, which is that of the controller.
const SYSTEM: &str = "kyma-system";
/// The kinds of objects that a cache becomes.
const KINDS: &str = "networkpolicy,persistentvolumeclaim,poddisruptionbudget,role,rolebinding,secret,service,serviceaccount,statefulset";

/// The control plane.
pub static CLUSTER: LazyLock<Controlled> = LazyLock::new(|| start(false));

/// A control plane, with caches that hibernate or not.
pub fn start(hibernated: bool) -> Controlled {
    let control_plane = control_plane();
    kubectl(&control_plane, &format!("create namespace {SYSTEM}"), NOTHING).unwrap();
    Controlled::start_with(control_plane, move |client, metrics| async move {
        let shared = shared(client, metrics);
        let config = Config::default();
        let caches = Caches { hibernated, ..config.caches.clone() };
        let config = Config { caches, ..config };
        let caches = controller::registry_caches::run(&shared, &config, std::future::pending());
        join(caches, controller::nodes::run(&shared, &config, std::future::pending())).await;
    })
}

/// A cache of such a control plane.
pub struct Cache<'a> {
    pub controlled: &'a Controlled,
    /// Its name. Its upstream is `NAME.test`.
    pub name: &'static str,
}

impl Cache<'static> {
    pub fn named(name: &'static str) -> Self {
        Cache { controlled: &CLUSTER, name }
    }
}

impl Cache<'_> {
    pub fn kubectl(&self, words: &str, manifest: &Value) -> crate::harness::command::Printed {
        let words = format!("{words} --namespace={SYSTEM}");
        kubectl(&self.controlled.control_plane, &words, manifest)
    }

    pub fn get(&self, what: &str) -> Value {
        serde_json::from_str(&self.kubectl(&format!("get {what} -o json"), NOTHING).unwrap()).unwrap()
    }

    /// What is asked of it, besides its upstream, whose registry is at an address on loopback.
    pub fn apply(&self, address: &str, more: &Value) {
        let volume = json!({"size": "1Gi", "storageClassName": "standard"});
        let mut spec = json!({
            "upstream": format!("{}.test", self.name),
            "remoteURL": format!("http://{address}"),
            "volume": volume,
        });
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let cache = json!({
            "apiVersion": "serverless.kyma-project.io/v1alpha1",
            "kind": "RegistryCache",
            "metadata": {"name": self.name},
            "spec": spec,
        });
        self.kubectl("apply -f -", &cache).unwrap();
    }

    /// Changes what is asked of it.
    pub fn patch(&self, spec: &Value) {
        let patch = json!({"spec": spec}).to_string();
        self.kubectl(&format!("patch registrycache {} --type=merge -p {patch}", self.name), NOTHING).unwrap();
    }

    /// A volume for a claim: nobody provisions one here.
    pub fn add_volume(&self) {
        self.kubectl("create -f -", &persistent_volume(&format!("cache-{}", self.name))).unwrap();
    }

    /// A Secret with credentials of the upstream.
    pub fn add_credentials(&self, secret: &str, password: &str) {
        let secret = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": secret},
            "immutable": true,
            "stringData": {"username": crate::harness::registry::USER, "password": password},
        });
        self.kubectl("create -f -", &secret).unwrap();
    }

    /// The condition as `Status Reason Message`.
    pub fn condition(&self, kind: &str) -> String {
        let cache = self.get(&format!("registrycache {}", self.name));
        condition(&cache, kind)
    }

    /// Waits until a condition starts with a text.
    #[track_caller]
    pub fn awaits(&self, kind: &str, expected: &str) {
        let mut found = String::new();
        let deadline = Instant::now() + 3 * PATIENCE;
        while !found.starts_with(expected) {
            let name = self.name;
            assert!(Instant::now() < deadline, "{kind} of {name} is {found:?}, not {expected:?}");
            std::thread::sleep(Duration::from_millis(50));
            found = self.condition(kind);
        }
    }

    #[track_caller]
    pub fn wait(&self, what: &str, is_so: impl FnMut() -> bool) {
        wait_within(3 * PATIENCE, &format!("{what} of {}", self.name), is_so);
    }

    pub fn status(&self) -> Value {
        self.get(&format!("registrycache {}", self.name))["status"].clone()
    }

    /// Kinds and names of all that was made, without the hash of the configuration.
    pub fn made(&self) -> Vec<String> {
        let words = format!("get {KINDS} -l upstream-host={}.test -o name", self.name);
        let made = self.kubectl(&words, NOTHING).unwrap();
        let mut made: Vec<_> = made
            .lines()
            .map(|line| line.split_once("-config-").map_or(line, |(start, _)| start).to_owned())
            .collect();
        made.sort();
        made
    }

    /// The password that the gateway of the cache reads.
    pub fn password_in_use(&self) -> String {
        let secret = self.get(&format!("secret registry-{}-test-credentials", self.name));
        let secret: k8s_openapi::api::core::v1::Secret = serde_json::from_value(secret).unwrap();
        String::from_utf8(secret.data.unwrap()["password"].0.clone()).unwrap()
    }

    /// What a Secret says of the caches that use it.
    pub fn users_of(&self, secret: &str) -> Value {
        self.get(&format!("secret {secret}"))["metadata"]["annotations"]
            ["serverless.kyma-project.io/used-by-caches"]
            .clone()
    }

    /// The Events of a reason, as their texts.
    pub fn events(&self, reason: &str) -> Vec<String> {
        let words = format!("get events -o json --namespace=default --field-selector reason={reason}");
        let events = kubectl(&self.controlled.control_plane, &words, NOTHING).unwrap();
        let events: Value = serde_json::from_str(&events).unwrap();
        let events = events["items"].as_array().unwrap().iter();
        let of_this = events.filter(|event| event["involvedObject"]["name"] == self.name);
        of_this.map(|event| event["message"].as_str().unwrap().to_owned()).collect()
    }
}
