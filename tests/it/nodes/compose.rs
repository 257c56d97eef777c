//! The controller composes the registries of nodes, on a real API server.

use std::sync::Arc;
use std::time::Duration;

use controller::config::Config;
use controller::copies::cleanup::{self, Options as Cleanup};
use controller::metrics::Metrics;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::api::events::v1::Event;
use kube::Client;
use kube::api::{Api, ListParams};
use serde_json::{Value, json};
use testenv::{ControlPlane, Options};

use crate::harness::cluster::{NOTHING, client, kubectl};
use crate::harness::controller::shared;
use crate::harness::wait::{eventually, eventually_async};

const BASE: &str = "kyma-system";
const CONFLICT: &str = "serverless.kyma-project.io/container-registries-conflict";

/// A labelled Secret with values.
fn secret(name: &str, values: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "labels": {"serverless.kyma-project.io/container-registries": "config"}},
        "stringData": {"values": values},
    })
}

struct Cluster {
    control_plane: ControlPlane,
    client: Client,
    metrics: Arc<Metrics>,
}

impl Cluster {
    /// With a controller that composes.
    async fn start() -> Self {
        let control_plane = ControlPlane::start(&Options::default()).unwrap();
        let client = client(&control_plane.kubeconfig()).await;
        let metrics = Arc::<Metrics>::default();
        let cluster = Self { control_plane, client, metrics: Arc::clone(&metrics) };
        cluster.run(&format!("create namespace {BASE}"), NOTHING);
        let controller = cluster.client.clone();
        tokio::spawn(async move {
            let never = std::future::pending();
            controller::nodes::run(&shared(controller, metrics), &Config::default(), never).await;
        });
        cluster
    }

    fn run(&self, words: &str, manifest: &Value) {
        kubectl(&self.control_plane, words, manifest).unwrap();
    }

    fn apply(&self, name: &str, values: &str) {
        self.run(&format!("apply -n {BASE} -f -"), &secret(name, values));
    }

    fn secrets(&self) -> Api<Secret> {
        Api::namespaced(self.client.clone(), BASE)
    }

    /// The values that agents read.
    async fn composed(&self) -> Option<String> {
        let secret = self.secrets().get_opt("node-registries").await.unwrap()?;
        Some(String::from_utf8(secret.data?.get("values")?.0.clone()).unwrap())
    }

    async fn composes(&self, expected: &str) {
        let is_there = async || self.composed().await.as_deref() == Some(expected);
        eventually_async(&format!("composed is {expected:?}"), is_there).await;
    }

    async fn conflict_of(&self, name: &str) -> Option<String> {
        let secret = self.secrets().get(name).await.unwrap();
        secret.metadata.annotations?.get(CONFLICT).cloned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn labelled_secrets_of_the_base_namespace_become_one() {
    let cluster = Cluster::start().await;
    cluster.apply(
        "b",
        "containerRegistries: {docker.io: [{endpoint: b.example.com}], quay.io: [{endpoint: b.example.com}]}",
    );
    cluster
        .composes("containerRegistries:\n  docker.io:\n  - endpoint: b.example.com\n  quay.io:\n  - endpoint: b.example.com\n")
        .await;

    // The name that sorts first wins; the other Secret says so.
    cluster.apply("a", "connectivity: {containerRegistries: {index.docker.io: [{endpoint: a.example.com}]}}");
    let both = "containerRegistries:\n  docker.io:\n  - endpoint: a.example.com\n  quay.io:\n  - endpoint: b.example.com\n";
    cluster.composes(both).await;
    let text = "docker.io is configured by the Secret a";
    eventually_async("b has the annotation", async || {
        cluster.conflict_of("b").await.as_deref() == Some(text)
    })
    .await;
    let events = Api::<Event>::namespaced(cluster.client.clone(), BASE);
    let is_noted = async || {
        let events = events.list(&ListParams::default()).await.unwrap();
        events.items.iter().any(|event| {
            let regarding = event.regarding.as_ref().and_then(|regarding| regarding.name.as_deref());
            event.reason.as_deref() == Some("RegistryConfiguredTwice")
                && regarding == Some("b")
                && event.note.as_deref() == Some(text)
                && event.type_.as_deref() == Some("Warning")
        })
    };
    eventually_async("b has the Event", is_noted).await;
    assert_eq!(cluster.conflict_of("a").await, None);

    // A broken one leaves nodes as they are, and the others can still change.
    cluster.apply("a", "containerRegistries: {docker.io: [{endpoint: \"https://hush\"}]}");
    cluster.apply("c", "containerRegistries: {ghcr.io: [{endpoint: c.example.com}]}");
    cluster
        .composes("containerRegistries:\n  docker.io:\n  - endpoint: a.example.com\n  ghcr.io:\n  - endpoint: c.example.com\n  quay.io:\n  - endpoint: b.example.com\n")
        .await;

    // What is composed was written by a controller with other rules: nothing is known of the broken one then, and nothing is
    // taken away.
    let doubled =
        "containerRegistries:\n  docker.io:\n  - endpoint: a.example.com\n  - endpoint: a.example.com\n";
    let data = json!({"stringData": {"values": doubled}}).to_string();
    let mut patch = cluster.control_plane.kubectl();
    patch.args(["patch", "secret", "node-registries", "-n", BASE, "--type=merge", "-p", &data]);
    assert!(patch.status().unwrap().success());
    let is_counted = || cluster.metrics.render().contains("reason=\"unreadable\"");
    eventually("it is counted", is_counted).await;
    assert_eq!(cluster.composed().await.as_deref(), Some(doubled));
    cluster.apply("a", "containerRegistries: {docker.io: [{endpoint: a.example.com}]}");
    cluster
        .composes("containerRegistries:\n  docker.io:\n  - endpoint: a.example.com\n  ghcr.io:\n  - endpoint: c.example.com\n  quay.io:\n  - endpoint: b.example.com\n")
        .await;

    // When it is gone, its host belongs to the next one.
    cluster.run(&format!("delete secret a -n {BASE}"), NOTHING);
    eventually_async("b has no annotation", async || cluster.conflict_of("b").await.is_none()).await;

    // What somebody changes is restored.
    cluster.run(&format!("delete secret c -n {BASE}"), NOTHING);
    let of_b = "containerRegistries:\n  docker.io:\n  - endpoint: b.example.com\n  quay.io:\n  - endpoint: b.example.com\n";
    cluster.composes(of_b).await;
    cluster.run(&format!("delete secret node-registries -n {BASE}"), NOTHING);
    cluster.composes(of_b).await;

    // Without Secrets, nothing is configured.
    cluster.run(&format!("delete secret b -n {BASE}"), NOTHING);
    cluster.composes("containerRegistries: {}\n").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_uninstall_deletes_what_was_composed_and_no_secret_of_somebody_else() {
    let control_plane = ControlPlane::start(&Options::default()).unwrap();
    let client = client(&control_plane.kubeconfig()).await;
    kubectl(&control_plane, &format!("create namespace {BASE}"), NOTHING).unwrap();
    let options = Cleanup {
        base_namespace: BASE.to_owned(),
        namespace: BASE.to_owned(),
        lease: "none".to_owned(),
        patience: Duration::from_secs(1),
        finalizers_only: false,
        dry_run: false,
    };
    // What somebody has labelled, or created without our mark, is theirs.
    let labelled = secret("node-registries", "containerRegistries: {}");
    let plain = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "node-registries"}});
    for theirs in [labelled, plain.clone()] {
        kubectl(&control_plane, &format!("create -n {BASE} -f -"), &theirs).unwrap();
        assert_eq!(cleanup::run(&client, &options).await.unwrap(), cleanup::Report::default());
        kubectl(&control_plane, &format!("delete secret node-registries -n {BASE}"), NOTHING).unwrap();
    }
    let mut ours = plain;
    ours["metadata"]["labels"] = json!({"app.kubernetes.io/name": "serverless-controller"});
    kubectl(&control_plane, &format!("create -n {BASE} -f -"), &ours).unwrap();
    let report = cleanup::run(&client, &options).await.unwrap();
    assert_eq!((report.done, report.failed), (vec!["Secret kyma-system/node-registries".to_owned()], vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_of_somebody_else_with_the_name_stays() {
    let cluster = Cluster::start().await;
    cluster.run(
        &format!("create secret generic node-registries -n {BASE} --from-literal=values=theirs"),
        NOTHING,
    );
    cluster.apply("a", "containerRegistries: {docker.io: [{endpoint: a.example.com}]}");
    eventually_async("the conflict is in the metrics", async || {
        cluster.metrics.render().contains("serverless_controller_reconcile_errors_total{reason=\"taken\"}")
    })
    .await;
    assert_eq!(cluster.composed().await.as_deref(), Some("theirs"));
    // When it is gone, the name is free.
    cluster.run(&format!("delete secret node-registries -n {BASE}"), NOTHING);
    cluster.composes("containerRegistries:\n  docker.io:\n  - endpoint: a.example.com\n").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_of_tenants_configure_no_node() {
    let cluster = Cluster::start().await;
    cluster.run("create namespace tenant", NOTHING);
    let theirs = secret("registries", "containerRegistries: {docker.io: [{endpoint: evil.example.com}]}");
    cluster.run("apply -n tenant -f -", &theirs);
    cluster.apply("ours", "containerRegistries: {docker.io: [{endpoint: ours.example.com}]}");
    cluster.composes("containerRegistries:\n  docker.io:\n  - endpoint: ours.example.com\n").await;
}
