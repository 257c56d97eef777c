//! The controller on a real control plane, where kwok plays the kubelet: build Pods complete at once, others become ready.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use controller::config::Config;
use operation::lease::Term;
use serde_json::{Value, json};
use testenv::{ControlPlane, Options};
use tokio::runtime::Runtime;

use crate::cluster::{Printed, client, function, kubectl};
use crate::support::PATIENCE;

const NOTHING: &Value = &Value::Null;
const MAX_BUILDS: usize = 2;

/// A control plane with the controller.
static CLUSTER: LazyLock<ControlPlane> = LazyLock::new(|| {
    let control_plane = ControlPlane::start(&Options { controllers: true, ..Options::default() }).unwrap();
    testenv::install_crds(&control_plane).unwrap();
    let kubeconfig = control_plane.kubeconfig();
    RUNTIME.spawn(async move {
        let config = Config { max_builds: MAX_BUILDS, ..Config::default() };
        let client = client(&kubeconfig).await;
        controller::run::run(client, config, Term::endless(), Arc::default(), std::future::pending()).await;
    });
    control_plane
});

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// A namespace with all that Functions need.
struct Namespace(&'static str);

impl Namespace {
    fn bare(name: &'static str) -> Self {
        kubectl(&CLUSTER, &format!("create namespace {name}"), NOTHING).unwrap();
        let new = Self(name);
        for account in ["serverless-build", "serverless-function"] {
            new.kubectl(&format!("create serviceaccount {account}"), NOTHING).unwrap();
        }
        new
    }

    fn new(name: &'static str) -> Self {
        let new = Self::bare(name);
        new.add_runtime();
        new.add_registry("registry.example.com");
        new
    }

    fn add_runtime(&self) {
        let labels = json!({"serverless.kyma-project.io/config": "runtime", "serverless.kyma-project.io/runtime": "nodejs12"});
        let map = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "dockerfile-nodejs-12", "labels": labels},
            "data": {"Dockerfile": "FROM node:12"},
        });
        self.kubectl("apply -f -", &map).unwrap();
    }

    fn add_registry(&self, address: &str) {
        let secret = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "serverless-registry-config"},
            "stringData": {"registryAddress": address, "password": "hush-hush", ".dockerconfigjson": "{}"},
        });
        self.kubectl("apply -f -", &secret).unwrap();
    }

    fn kubectl(&self, words: &str, manifest: &Value) -> Printed {
        kubectl(&CLUSTER, &format!("{words} --namespace={}", self.0), manifest)
    }

    fn get(&self, what: &str) -> Value {
        serde_json::from_str(&self.kubectl(&format!("get {what} -o json"), NOTHING).unwrap()).unwrap()
    }

    fn apply(&self, name: &str, change: &Value) {
        let mut spec = json!({"source": "x", "runtime": "nodejs12", "minReplicas": 1, "maxReplicas": 1});
        spec.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        self.kubectl("apply -f -", &function(name, &spec)).unwrap();
    }

    /// A condition as `Status Reason Message`.
    fn condition(&self, name: &str, kind: &str) -> String {
        let function = self.get(&format!("function {name}"));
        let conditions = function["status"]["conditions"].as_array().cloned().unwrap_or_default();
        let found =
            conditions.iter().find(|condition| condition["type"] == kind).cloned().unwrap_or_default();
        let text = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
        format!("{} {} {}", text("status"), text("reason"), text("message"))
    }

    #[track_caller]
    fn await_condition(&self, name: &str, kind: &str, expected: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let found = self.condition(name, kind);
            if found.starts_with(expected) {
                return;
            }
            assert!(Instant::now() < deadline, "{kind} of {name} stays {found:?}, not {expected:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Kinds and names of all that was made for Functions.
    fn made(&self) -> Vec<String> {
        let kinds = "configmap,job,deployment,service,horizontalpodautoscaler";
        let selector = "serverless.kyma-project.io/managed-by=function-controller";
        let made = self.kubectl(&format!("get {kinds} -l {selector} -o name"), NOTHING).unwrap();
        let mut made: Vec<_> = made.lines().map(str::to_owned).collect();
        made.sort();
        made
    }

    /// Versions of everything there is, by which every write shows.
    fn versions(&self) -> Vec<String> {
        let kinds = "function,configmap,job,deployment,service,horizontalpodautoscaler";
        let all = self.get(kinds);
        let version = |object: &Value| {
            format!(
                "{} {} {}",
                object["kind"], object["metadata"]["name"], object["metadata"]["resourceVersion"]
            )
        };
        all["items"].as_array().unwrap().iter().map(version).collect()
    }
}

#[test]
fn an_inline_function_runs_changes_and_goes() {
    let namespace = Namespace::new("inline");
    namespace.apply("demo", &json!({}));
    namespace.await_condition("demo", "Running", "True DeploymentReady Deployment demo-");
    assert!(
        namespace
            .condition("demo", "ConfigurationReady")
            .starts_with("True ConfigMapCreated ConfigMap demo-")
    );
    assert!(namespace.condition("demo", "BuildReady").starts_with("True JobFinished Job demo-build-"));
    let made = namespace.made();
    let kinds: Vec<_> = made.iter().map(|name| name.split('/').next().unwrap()).collect();
    assert_eq!(kinds, ["configmap", "deployment.apps", "job.batch", "service"]);
    let table = namespace.kubectl("get functions --no-headers", NOTHING).unwrap();
    let columns: Vec<_> = table.split_whitespace().take(6).collect();
    assert_eq!(columns, ["demo", "True", "True", "True", "nodejs12", "1"]);

    // Nothing is written to what is as it should be.
    let versions = namespace.versions();
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(namespace.versions(), versions);

    let job = made.iter().find(|name| name.starts_with("job")).unwrap().clone();
    namespace.apply("demo", &json!({"env": [{"name": "A", "value": "1"}], "maxReplicas": 3}));
    let deadline = Instant::now() + PATIENCE;
    while !namespace.made().iter().any(|name| name.starts_with("horizontalpodautoscaler")) {
        assert!(Instant::now() < deadline, "no autoscaler: {:?}", namespace.made());
    }
    assert!(namespace.made().contains(&job), "a change of env builds nothing");

    namespace.apply("demo", &json!({"source": "y"}));
    while namespace.made().contains(&job) {
        assert!(Instant::now() < deadline, "the superseded Job stays: {:?}", namespace.made());
    }
    while namespace.get("function demo")["status"]["source"] != "y" {
        assert!(Instant::now() < deadline, "the new source does not run");
    }
    namespace.await_condition("demo", "Running", "True");

    namespace.kubectl("delete function demo", NOTHING).unwrap();
    while !namespace.made().is_empty() {
        assert!(Instant::now() < deadline + PATIENCE, "left behind: {:?}", namespace.made());
    }
}

#[test]
fn what_is_missing_is_told_and_seen_when_it_comes() {
    let namespace = Namespace::bare("missing");
    namespace.apply("demo", &json!({}));
    namespace.await_condition(
        "demo",
        "ConfigurationReady",
        "False RuntimeMissing No ConfigMap in namespace missing has",
    );
    namespace.add_runtime();
    namespace.await_condition(
        "demo",
        "ConfigurationReady",
        "False RegistryConfigMissing Neither Secret serverless-registry-config nor serverless-registry-config-default is in namespace missing",
    );
    assert_eq!(namespace.made(), [""; 0]);
    namespace.add_registry("registry.example.com");
    namespace.await_condition("demo", "Running", "True DeploymentReady");
}

#[test]
fn a_registry_of_another_address_rebuilds() {
    let namespace = Namespace::new("registry");
    namespace.apply("demo", &json!({}));
    namespace.await_condition("demo", "Running", "True");
    let image = || {
        let deployments = namespace.get("deployments");
        deployments["items"][0]["spec"]["template"]["spec"]["containers"][0]["image"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert!(image().starts_with("registry.example.com/registry-demo:"), "{}", image());
    namespace.add_registry("other.example.com/team");
    let deadline = Instant::now() + PATIENCE;
    while !image().starts_with("other.example.com/team/registry-demo:") {
        assert!(Instant::now() < deadline, "still {}", image());
    }
}

#[test]
fn a_service_of_somebody_else_is_left_alone() {
    let namespace = Namespace::new("taken");
    namespace.kubectl("create service clusterip demo --tcp=80", NOTHING).unwrap();
    let theirs = namespace.get("service demo");
    namespace.apply("demo", &json!({}));
    namespace.await_condition(
        "demo",
        "ConfigurationReady",
        "False NameConflict Service demo exists and does not belong to this Function",
    );
    assert_eq!(namespace.get("service demo"), theirs);
}

#[test]
fn no_more_than_so_many_build_at_once_and_all_get_their_turn() {
    let namespace = Namespace::new("queue");
    let names: Vec<_> = (0..8).map(|index| format!("f{index}")).collect();
    for name in &names {
        namespace.apply(name, &json!({}));
    }
    let jobs = "get jobs -A -l serverless.kyma-project.io/managed-by=function-controller -o json";
    let has_ended = |job: &Value| {
        let conditions = job["status"]["conditions"].as_array();
        conditions.into_iter().flatten().any(|condition| condition["status"] == "True")
    };
    let deadline = Instant::now() + 3 * PATIENCE;
    let is_running = |name: &String| namespace.condition(name, "Running").starts_with("True");
    while !names.iter().all(is_running) {
        let jobs: Value = serde_json::from_str(&kubectl(&CLUSTER, jobs, NOTHING).unwrap()).unwrap();
        let building = jobs["items"].as_array().unwrap().iter().filter(|job| !has_ended(job)).count();
        assert!(building <= MAX_BUILDS, "{building} build at once");
        assert!(Instant::now() < deadline, "not all run");
    }
}

#[test]
fn those_that_are_gone_hold_up_nobody() {
    let namespace = Namespace::new("gone");
    let names: Vec<_> = (0..10).map(|index| format!("f{index}")).collect();
    for name in &names {
        namespace.apply(name, &json!({}));
    }
    namespace.kubectl("delete functions --all --wait=false", NOTHING).unwrap();
    namespace.apply("last", &json!({}));
    namespace.await_condition("last", "Running", "True");
}
