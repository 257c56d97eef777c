//! A control plane with the controller of caches, where kwok simulates Pods.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use controller::config::{Caches, Config};
use controller::metrics::Metrics;
use futures::future::join;
use k8s_openapi::api::core::v1::Secret;
use process::certificates::Certificate;
use serde_json::{Value, json};
use testenv::ControlPlane;
use tokio::runtime::Runtime;

use crate::harness::cluster::{NOTHING, client, kubectl};
use crate::harness::command::Printed;
use crate::harness::controller::{Controlled, control_plane, shared};
use crate::harness::objects::{condition, persistent_volume};
use crate::harness::wait::{PATIENCE, wait_within};

/// The base namespace, which is that of the controller.
const SYSTEM: &str = "kyma-system";
/// The kinds of objects that a cache becomes.
const KINDS: &str = "networkpolicy,persistentvolumeclaim,poddisruptionbudget,role,rolebinding,secret,service,serviceaccount,statefulset";

/// The control plane.
static CLUSTER: LazyLock<Controlled> =
    LazyLock::new(|| Controlled::start_with(empty(), |client, metrics| run(client, metrics, false)));

/// A control plane without a controller.
pub fn empty() -> ControlPlane {
    let control_plane = control_plane();
    kubectl(&control_plane, &format!("create namespace {SYSTEM}"), NOTHING).unwrap();
    control_plane
}

async fn run(client: kube::Client, metrics: Arc<Metrics>, hibernated: bool) {
    let shared = shared(client, metrics);
    let config = Config::default();
    let caches = Caches { hibernated, ..config.caches.clone() };
    let config = Config { caches, ..config };
    let caches = controller::registry_caches::run(&shared, &config, std::future::pending());
    join(caches, controller::nodes::run(&shared, &config, std::future::pending())).await;
}

/// A controller that can be stopped.
pub struct Running(Runtime);

impl Running {
    /// With caches that hibernate or not.
    pub fn start(control_plane: &ControlPlane, hibernated: bool) -> Self {
        let runtime = Runtime::new().unwrap();
        let kubeconfig = control_plane.kubeconfig();
        runtime.spawn(async move { run(client(&kubeconfig).await, Arc::default(), hibernated).await });
        Self(runtime)
    }

    pub fn stop(self) {
        self.0.shutdown_timeout(PATIENCE);
    }
}

/// A cache of such a control plane.
pub struct Cache<'a> {
    pub control_plane: &'a ControlPlane,
    /// Its name. Its upstream is `NAME.test`.
    pub name: &'static str,
}

impl Cache<'static> {
    pub fn named(name: &'static str) -> Self {
        Cache { control_plane: &CLUSTER.control_plane, name }
    }
}

impl Cache<'_> {
    pub fn kubectl(&self, words: &str, manifest: &Value) -> Printed {
        let words = format!("{words} --namespace={SYSTEM}");
        kubectl(self.control_plane, &words, manifest)
    }

    pub fn get(&self, what: &str) -> Value {
        serde_json::from_str(&self.kubectl(&format!("get {what} -o json"), NOTHING).unwrap()).unwrap()
    }

    /// The name of its objects.
    pub fn resource(&self) -> String {
        format!("registry-{}-test", self.name.replace('.', "-"))
    }

    /// What is asked of it, besides its upstream, whose registry is at an address on loopback.
    pub fn manifest(&self, address: &str, more: &Value) -> Value {
        let mut spec = json!({
            "upstream": format!("{}.test", self.name),
            "remoteURL": format!("http://{address}"),
            "volume": {"size": "1Gi", "storageClassName": "standard"},
        });
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({
            "apiVersion": "serverless.kyma-project.io/v1alpha1",
            "kind": "RegistryCache",
            "metadata": {"name": self.name},
            "spec": spec,
        })
    }

    /// See [`Self::manifest`].
    pub fn apply(&self, address: &str, more: &Value) {
        self.kubectl("apply -f -", &self.manifest(address, more)).unwrap();
    }

    /// Changes what is asked of it.
    pub fn patch(&self, spec: &Value) {
        let patch = json!({"spec": spec}).to_string();
        self.kubectl(&format!("patch registrycache {} --type=merge -p {patch}", self.name), NOTHING).unwrap();
    }

    /// Waits until the controller has seen all that is asked of it.
    #[track_caller]
    pub fn await_reconcile(&self) {
        let what = format!("registrycache {}", self.name);
        let has_seen =
            |cache: &Value| cache["status"]["observedGeneration"] == cache["metadata"]["generation"];
        self.wait("the generation is observed", || has_seen(&self.get(&what)));
    }

    /// Volumes for the claims of its Pods: nobody provisions some here. No claim of another cache gets one.
    pub fn add_volumes(&self, number: usize) {
        for pod in 0..number {
            let mut volume = persistent_volume(&format!("cache-{}-{pod}", self.name));
            let claim = format!("cache-volume-{}-{pod}", self.resource());
            volume["spec"]["claimRef"] = json!({"namespace": SYSTEM, "name": claim});
            self.kubectl("create -f -", &volume).unwrap();
        }
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

    /// A text in a Secret; empty if it is not there.
    pub fn text(&self, secret: &str, key: &str) -> String {
        let secret: Secret = serde_json::from_value(self.get(&format!("secret {secret}"))).unwrap();
        let value = secret.data.and_then(|mut data| data.remove(key));
        value.map_or_else(String::new, |value| String::from_utf8(value.0).unwrap())
    }

    /// Changes texts in a Secret, or removes them.
    pub fn replace(&self, secret: &str, texts: &[(&str, Option<&str>)]) {
        let of = |set: bool| {
            let texts = texts.iter().filter(|(_, text)| text.is_some() == set);
            texts.map(|(key, text)| ((*key).to_owned(), json!(text))).collect::<serde_json::Map<_, _>>()
        };
        let patch = json!({"stringData": of(true), "data": of(false)});
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), patch.to_string()).unwrap();
        let words = format!("patch secret {secret} --type=merge --patch-file {}", file.path().display());
        self.kubectl(&words, NOTHING).unwrap();
    }

    /// The password that the gateway of the cache reads.
    pub fn password_in_use(&self) -> String {
        self.text(&format!("{}-credentials", self.resource()), "password")
    }

    /// The certificate of the cache.
    pub fn certificate(&self) -> Certificate {
        let pem = self.text(&format!("{}-tls", self.resource()), "tls.crt");
        Certificate::all(pem.as_bytes()).remove(0)
    }

    /// The Secret with the configuration of its Pods.
    pub fn configuration(&self) -> String {
        let volumes = self.stateful_set()["spec"]["template"]["spec"]["volumes"].clone();
        let config = volumes.as_array().unwrap().iter().find(|volume| volume["name"] == "config").unwrap();
        config["secret"]["secretName"].as_str().unwrap().to_owned()
    }

    pub fn stateful_set(&self) -> Value {
        self.get(&format!("statefulset {}", self.resource()))
    }

    /// It changes with every change of its Pods.
    pub fn generation(&self) -> i64 {
        self.stateful_set()["metadata"]["generation"].as_i64().unwrap()
    }

    /// The registries of nodes; empty if there are none.
    pub fn of_nodes(&self) -> String {
        if self.kubectl("get secret node-registries", NOTHING).ok {
            self.text("node-registries", "values")
        } else {
            String::new()
        }
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
        let events = kubectl(self.control_plane, &words, NOTHING).unwrap();
        let events: Value = serde_json::from_str(&events).unwrap();
        let events = events["items"].as_array().unwrap().iter();
        let of_this = events.filter(|event| event["involvedObject"]["name"] == self.name);
        of_this.map(|event| event["message"].as_str().unwrap().to_owned()).collect()
    }
}
