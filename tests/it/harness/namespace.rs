//! A namespace with everything that Functions need, and helpers for tests.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testenv::ControlPlane;

use crate::harness::cluster::{NOTHING, function, kubectl};
use crate::harness::command::Printed;
use crate::harness::objects::condition;
use crate::harness::wait::PATIENCE;

/// How soon a change must be noticed.
const AT_ONCE: Duration = Duration::from_secs(1);
/// After this time without a write, no further one is expected: most delayed reports come sooner.
const QUIET: Duration = Duration::from_secs(4);

/// A namespace with everything that Functions need.
#[derive(Clone, Copy)]
pub struct Namespace<'a> {
    control_plane: &'a ControlPlane,
    name: &'a str,
}

impl<'a> Namespace<'a> {
    /// Creates a namespace that has only the accounts.
    pub fn bare(control_plane: &'a ControlPlane, name: &'a str) -> Self {
        kubectl(control_plane, &format!("create namespace {name}"), NOTHING).unwrap();
        let new = Self { control_plane, name };
        for account in ["serverless-build", "serverless-function"] {
            new.kubectl(&format!("create serviceaccount {account}"), NOTHING).unwrap();
        }
        new
    }

    /// Uses an existing namespace as it is.
    pub fn existing(control_plane: &'a ControlPlane, name: &'a str) -> Self {
        Self { control_plane, name }
    }

    pub fn new(control_plane: &'a ControlPlane, name: &'a str) -> Self {
        let new = Self::bare(control_plane, name);
        new.add_runtime();
        new.add_registry("registry.example.com");
        new
    }

    pub fn add_runtime(&self) {
        self.kubectl("apply -f -", &runtime("dockerfile-nodejs-12", &json!({"Dockerfile": "FROM node:12"})))
            .unwrap();
    }

    pub fn add_registry(&self, address: &str) {
        self.add_secret(
            "serverless-registry-config",
            &json!({"registryAddress": address, "password": "hush-hush", ".dockerconfigjson": "{}"}),
        );
    }

    pub fn add_secret(&self, name: &str, texts: &Value) {
        let metadata = json!({"name": name});
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": texts});
        self.kubectl("apply -f -", &secret).unwrap();
    }

    pub fn kubectl(&self, words: &str, manifest: &Value) -> Printed {
        kubectl(self.control_plane, &format!("{words} --namespace={}", self.name), manifest)
    }

    pub fn get(&self, what: &str) -> Value {
        serde_json::from_str(&self.kubectl(&format!("get {what} -o json"), NOTHING).unwrap()).unwrap()
    }

    /// The items of a kind.
    pub fn list(&self, kinds: &str) -> Vec<Value> {
        self.get(kinds)["items"].as_array().unwrap().clone()
    }

    /// Applies a Function that needs no webhook, with a change of its specification.
    pub fn apply(&self, name: &str, change: &Value) {
        self.apply_labelled(name, change, &json!({}));
    }

    pub fn apply_labelled(&self, name: &str, change: &Value, labels: &Value) {
        let mut spec = json!({"source": "x", "runtime": "nodejs12", "minReplicas": 1, "maxReplicas": 1});
        spec.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let mut function = function(name, &spec);
        function["metadata"]["labels"] = labels.clone();
        self.kubectl("apply -f -", &function).unwrap();
    }

    /// A condition as `Status Reason Message`.
    pub fn condition(&self, name: &str, kind: &str) -> String {
        let function = self.get(&format!("function {name}"));
        condition(&function, kind)
    }

    #[track_caller]
    pub fn await_condition(&self, name: &str, kind: &str, expected: &str) {
        let mut found = String::new();
        self.wait(&format!("{kind} of {name} is {expected:?}"), || {
            found = self.condition(name, kind);
            found.starts_with(expected)
        });
    }

    /// Makes a change and expects the condition of `demo` to follow at once: from a watch, and not from the next
    /// periodic reconcile.
    #[track_caller]
    pub fn seen_at_once(&self, change: &dyn Fn(), kind: &str, expected: &str) {
        change();
        let changed = Instant::now();
        self.await_condition("demo", kind, expected);
        assert!(changed.elapsed() < AT_ONCE, "{expected} took {:?}", changed.elapsed());
    }

    /// Waits until a condition holds.
    #[track_caller]
    pub fn wait(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let deadline = Instant::now() + 2 * PATIENCE;
        while !is_so() {
            let functions = || self.kubectl("get functions -o yaml", NOTHING).out;
            assert!(Instant::now() < deadline, "in vain waited until {what}: {}", functions());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Copies an object of `demo` under a generated name.
    pub fn add_leftover(&self, kind: &str) {
        let owners = self.list(&format!("{kind} -l serverless.kyma-project.io/function-name=demo"))[0]["metadata"]
            ["ownerReferences"]
            .clone();
        self.add_clone(kind, &owners);
    }

    /// Copies an object of `demo` with its labels, and with the given owners.
    pub fn add_clone(&self, kind: &str, owners: &Value) {
        let of_demo = format!("{kind} -l serverless.kyma-project.io/function-name=demo");
        let mut other = self.list(&of_demo)[0].clone();
        let labels = &other["metadata"]["labels"];
        other["metadata"] = json!({"name": "demo-xv6pc", "labels": labels, "ownerReferences": owners});
        other.as_object_mut().unwrap().remove("status");
        self.kubectl("create -f -", &other).unwrap();
    }

    /// Kinds and names of all objects of Functions.
    pub fn made(&self) -> Vec<String> {
        let kinds = "configmap,job,deployment,service,horizontalpodautoscaler";
        let selector = "serverless.kyma-project.io/managed-by=function-controller";
        let made = self.kubectl(&format!("get {kinds} -l {selector} -o name"), NOTHING).unwrap();
        let mut made: Vec<_> = made.lines().map(str::to_owned).collect();
        made.sort();
        made
    }

    /// Versions of all objects, which show every write.
    pub fn versions(&self) -> Vec<String> {
        let kinds = "function,configmap,job,deployment,service,horizontalpodautoscaler,gitrepository";
        let version = |object: &Value| {
            format!(
                "{} {} {}",
                object["kind"], object["metadata"]["name"], object["metadata"]["resourceVersion"]
            )
        };
        let told = self.list("events --field-selector involvedObject.kind=Function");
        self.list(kinds).iter().chain(&told).map(version).collect()
    }

    /// Waits until nothing has been written for a while. Returns the versions.
    #[track_caller]
    pub fn settled(&self) -> Vec<String> {
        let mut settled = self.versions();
        self.wait("nothing more is written", || {
            std::thread::sleep(QUIET);
            let before = std::mem::replace(&mut settled, self.versions());
            before == settled
        });
        settled
    }

    /// Events of a Function as `Type Reason Message`, oldest first.
    pub fn events(&self, function: &str) -> Vec<String> {
        let selector = format!("involvedObject.kind=Function,involvedObject.name={function}");
        let mut events = self.list(&format!("events --field-selector {selector}"));
        events.sort_by_key(|event| event["eventTime"].as_str().unwrap_or_default().to_owned());
        let text = |event: &Value, key: &str| event[key].as_str().unwrap_or_default().to_owned();
        events
            .iter()
            .map(|event| {
                format!("{} {} {}", text(event, "type"), text(event, "reason"), text(event, "message"))
            })
            .collect()
    }

    /// The image that a Function runs.
    pub fn image(&self) -> String {
        let deployments = self.list("deployments");
        let container = &deployments[0]["spec"]["template"]["spec"]["containers"][0];
        container["image"].as_str().unwrap().to_owned()
    }
}

/// The ConfigMap of `nodejs12`.
pub fn runtime(name: &str, data: &Value) -> Value {
    let labels = json!({"serverless.kyma-project.io/config": "runtime", "serverless.kyma-project.io/runtime": "nodejs12"});
    let metadata = json!({"name": name, "labels": labels});
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})
}
