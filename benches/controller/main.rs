//! The cost of the controller: how long it takes until many Functions run on a real control plane, and how many
//! requests, how much CPU and memory that needs.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::indexing_slicing,
    reason = "a benchmark, not an interface"
)]

mod floor;
mod hostile;
mod process;
mod propagation;
mod restart;

use std::collections::HashSet;
use std::path::PathBuf;
use std::pin::pin;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use kube::ResourceExt as _;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::runtime::{WatchStreamExt as _, watcher};
use serde_json::{Value, json};
use testenv::{ControlPlane, Options};

use process::Process;

/// The number of concurrent clients.
const CLIENTS: usize = 16;
/// The numbers of Functions and of build slots.
const RUNS: [(usize, usize); 4] = [(200, 50), (200, 5), (1000, 50), (2000, 50)];
/// How long an idle cluster is observed.
const IDLE: Duration = Duration::from_mins(10);

fn main() {
    let arguments: Vec<_> = std::env::args().filter(|argument| argument != "--bench").collect();
    let program = PathBuf::from(arguments.get(1).expect("the path of serverless-controller"));
    // Further arguments select a run, and how long the idle cluster is observed: `2000 50 0`.
    let number = |index: usize| arguments.get(index).and_then(|text| text.parse::<usize>().ok());
    let chosen = number(2).zip(number(3));
    let idle = number(4).map_or(IDLE, |seconds| Duration::from_secs(seconds as u64));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    match arguments.get(2).map(String::as_str) {
        // `propagation 5000 60`: namespaces, and seconds.
        Some("propagation") => {
            return runtime.block_on(propagation::run(&program, number(3).unwrap_or(5000), idle));
        }
        // `floor 200 50`: Functions, and build slots.
        Some("floor") => {
            let run = floor::run(number(3).unwrap_or(200), number(4).unwrap_or(50));
            return println!("{}", runtime.block_on(run));
        }
        // `restart 10000 60`: Functions, and seconds.
        Some("restart") => {
            println!("| Functions | s to all seen | requests | controller CPU s | peak MiB |");
            println!("|---|---|---|---|---|");
            let run = restart::run(&program, number(3).unwrap_or(10_000), idle);
            return println!("{}", runtime.block_on(run));
        }
        // `hostile 100`: objects of each shape.
        Some("hostile") => {
            println!("| objects of each shape | MiB before | MiB while they come | MiB after a restart |");
            println!("|---|---|---|---|");
            return println!("{}", runtime.block_on(hostile::run(&program, number(3).unwrap_or(100))));
        }
        _ => {}
    }
    println!(
        "| Functions | build slots | s to all Running | requests | per Function | controller CPU s | peak MiB | idle: requests but watches |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for (functions, slots) in chosen.map_or(RUNS.to_vec(), |chosen| vec![chosen]) {
        // Each run has its own control plane, so that none slows down the next.
        let is_last = chosen.is_some() || (functions, slots) == RUNS[RUNS.len() - 1];
        let idle = if is_last { idle } else { Duration::ZERO };
        println!("{}", runtime.block_on(run(&program, functions, slots, idle)));
    }
}

/// One run, as a row of the table.
async fn run(program: &std::path::Path, functions: usize, slots: usize, idle: Duration) -> String {
    let (control_plane, client) = cluster(&Options { controllers: true, ..Options::default() }).await;
    prepare(&client).await;
    let controller = Process::start(program, &control_plane, slots).await;

    let started = Instant::now();
    let api = functions_api(&client);
    let creations = futures::stream::iter(0..functions).for_each_concurrent(CLIENTS, async |index| {
        api.create(&PostParams::default(), &function(index)).await.unwrap();
    });
    creations.await;
    all_running(&api, functions).await;
    let took = started.elapsed();
    // By now, delayed reports are written, too.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let (calls, cpu) = (controller.calls().await, controller.cpu_seconds());
    let requests: u64 = calls.iter().map(|(_, number)| number).sum();
    let by_verb: Vec<_> = calls.iter().map(|(verb, number)| format!("{verb} {number}")).collect();

    let idle_text = if idle.is_zero() {
        "–".to_owned()
    } else {
        tokio::time::sleep(idle).await;
        let after = controller.calls().await;
        let more: Vec<_> = after
            .iter()
            .filter(|(verb, _)| verb != "watch")
            .map(|(verb, number)| {
                let before = calls.iter().find(|(known, _)| known == verb).map_or(0, |(_, number)| *number);
                format!("{verb} {}", number - before)
            })
            .collect();
        format!("{} in {} s, CPU {:.2} s", more.join(", "), idle.as_secs(), controller.cpu_seconds() - cpu)
    };
    format!(
        "| {functions} | {slots} | {:.1} | {requests} ({}) | {:.1} | {cpu:.2} | {:.1} | {idle_text} |",
        took.as_secs_f64(),
        by_verb.join(", "),
        requests as f64 / functions as f64,
        controller.peak_mib(),
    )
}

/// Waits until this number of Functions runs.
async fn all_running(api: &Api<DynamicObject>, functions: usize) {
    let mut running = HashSet::new();
    // A watch, because counting with lists would cost the API server more than the controller does.
    let mut seen = pin!(watcher(api.clone(), watcher::Config::default()).applied_objects());
    while running.len() < functions {
        let function = seen.next().await.unwrap().unwrap();
        if is_met(&function, "Running") {
            running.insert(function.name_any());
        }
    }
}

/// Whether an object has a condition.
fn is_met(object: &DynamicObject, condition: &str) -> bool {
    let conditions = object.data.pointer("/status/conditions").and_then(Value::as_array);
    conditions.into_iter().flatten().any(|met| met["type"] == condition && met["status"] == "True")
}

fn function(index: usize) -> DynamicObject {
    serde_json::from_value(json!({
        "apiVersion": "serverless.kyma-project.io/v1alpha1",
        "kind": "Function",
        "metadata": {"name": format!("bench-{index:05}")},
        "spec": {
            "source": format!("module.exports = {{ main: () => {index} }} // {}", "x".repeat(1000)),
            "deps": "{\"dependencies\": {\"lodash\": \"^4.17.5\"}}",
            "runtime": "nodejs12",
            "minReplicas": 1,
            "maxReplicas": 1,
            "env": [{"name": "A", "value": "1"}],
            "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"cpu": "100m", "memory": "128Mi"}},
            "buildResources": {"requests": {"cpu": "700m", "memory": "700Mi"}, "limits": {"cpu": "1100m", "memory": "1100Mi"}},
        },
    }))
    .unwrap()
}

/// A control plane that knows Functions.
async fn cluster(options: &Options) -> (ControlPlane, kube::Client) {
    let control_plane = ControlPlane::start(options).unwrap();
    testenv::install_crds(&control_plane).unwrap();
    let client = client(&control_plane).await;
    (control_plane, client)
}

/// The objects that Functions need in their namespace.
async fn prepare(client: &kube::Client) {
    let accounts = api(client, "", "v1", "ServiceAccount", "serviceaccounts");
    for name in ["serverless-build", "serverless-function"] {
        create(&accounts, json!({"metadata": {"name": name}})).await;
    }
    create(&api(client, "", "v1", "ConfigMap", "configmaps"), runtime()).await;
    create(&api(client, "", "v1", "Secret", "secrets"), registry()).await;
}

fn runtime() -> Value {
    let labels = json!({"serverless.kyma-project.io/config": "runtime", "serverless.kyma-project.io/runtime": "nodejs12"});
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "dockerfile-nodejs-12", "labels": labels},
        "data": {"Dockerfile": "FROM node:12"},
    })
}

fn registry() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "serverless-registry-config"},
        "stringData": {"registryAddress": "registry.example.com", ".dockerconfigjson": "{}"},
    })
}

async fn create(api: &Api<DynamicObject>, object: Value) {
    api.create(&PostParams::default(), &serde_json::from_value(object).unwrap()).await.unwrap();
}

async fn client(control_plane: &ControlPlane) -> kube::Client {
    let kubeconfig = Kubeconfig::read_from(control_plane.kubeconfig()).unwrap();
    let config =
        kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
    kube::Client::try_from(config).unwrap()
}

fn functions_api(client: &kube::Client) -> Api<DynamicObject> {
    api(client, "serverless.kyma-project.io", "v1alpha1", "Function", "functions")
}

fn api(client: &kube::Client, group: &str, version: &str, kind: &str, plural: &str) -> Api<DynamicObject> {
    api_in(client, "default", group, version, kind, plural)
}

fn api_in(
    client: &kube::Client,
    namespace: &str,
    group: &str,
    version: &str,
    kind: &str,
    plural: &str,
) -> Api<DynamicObject> {
    let resource = resource(group, version, kind, plural);
    Api::namespaced_with(client.clone(), namespace, &resource)
}

/// The API of a resource without a namespace.
fn api_of_all(
    client: &kube::Client,
    group: &str,
    version: &str,
    kind: &str,
    plural: &str,
) -> Api<DynamicObject> {
    Api::all_with(client.clone(), &resource(group, version, kind, plural))
}

fn resource(group: &str, version: &str, kind: &str, plural: &str) -> ApiResource {
    ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), plural)
}
