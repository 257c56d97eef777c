//! The cost of the webhook for clients that create Functions: through a real API server, alternately with and without
//! it.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a benchmark, not an interface"
)]

use std::process::Command;
use std::time::{Duration, Instant};

use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::json;
use testenv::{ControlPlane, Options, Replica};

/// The number of concurrent clients.
const CLIENTS: usize = 8;
const ROUNDS: usize = 6;
const ROUND: Duration = Duration::from_secs(3);

fn main() {
    let control_plane = ControlPlane::start(&Options::default()).expect("the control plane");
    testenv::install_crds(&control_plane).unwrap();
    let certs = tempfile::tempdir().unwrap();
    let webhook = env!("CARGO_BIN_EXE_serverless-webhook");
    assert!(
        Command::new(webhook).args(["certs", "--out"]).arg(certs.path()).output().unwrap().status.success()
    );
    let mut serve = Command::new(webhook);
    serve.args(["serve", "--tls-cert-file"]).arg(certs.path().join("tls.crt"));
    serve.arg("--tls-private-key-file").arg(certs.path().join("tls.key"));
    let replica = Replica::start(&mut serve, &control_plane.folder().join("webhook.log")).unwrap();
    let ca = std::fs::read_to_string(certs.path().join("ca.crt")).unwrap();
    let url = format!("https://127.0.0.1:{}", replica.port);
    let configurations = testenv::webhook_configurations(&url, Some(&ca)).unwrap();

    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let api = runtime.block_on(functions(&control_plane));
    let mut taken = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for (with, taken) in taken.iter_mut().enumerate() {
            if with == 1 {
                testenv::install_webhooks(&control_plane, &configurations).unwrap();
            } else {
                let delete = [
                    "delete",
                    "mutatingwebhookconfiguration,validatingwebhookconfiguration",
                    "serverless-webhook",
                    "--ignore-not-found",
                ];
                control_plane.kubectl_ok(delete.map(AsRef::as_ref)).unwrap();
            }
            runtime.block_on(await_webhook(&api, with == 1));
            taken.extend(runtime.block_on(round(&api)));
        }
    }
    println!(
        "| {CLIENTS} clients create Functions of 2 KB | creates/s | p50 ms | p99 ms |\n|---|---|---|---|"
    );
    for (name, mut taken) in ["no webhook", "defaulting and validation"].into_iter().zip(taken) {
        taken.sort_unstable();
        let at = |part: usize| {
            taken.get(taken.len() * part / 100).copied().unwrap_or_default().as_secs_f64() * 1000.0
        };
        let rate = taken.len() as f64 / (ROUND * u32::try_from(ROUNDS).unwrap()).as_secs_f64();
        println!("| {name} | {rate:.0} | {:.2} | {:.2} |", at(50), at(99));
    }
}

async fn functions(control_plane: &ControlPlane) -> Api<DynamicObject> {
    let kubeconfig = Kubeconfig::read_from(control_plane.kubeconfig()).unwrap();
    let config =
        kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
    let kind = GroupVersionKind::gvk("serverless.kyma-project.io", "v1alpha1", "Function");
    let resource = ApiResource::from_gvk_with_plural(&kind, "functions");
    Api::namespaced_with(kube::Client::try_from(config).unwrap(), "default", &resource)
}

fn function() -> DynamicObject {
    serde_json::from_value(json!({
        "apiVersion": "serverless.kyma-project.io/v1alpha1",
        "kind": "Function",
        "metadata": {"generateName": "bench-"},
        "spec": {"source": "x".repeat(2000), "env": [{"name": "A", "value": "1"}]},
    }))
    .unwrap()
}

/// Waits until the API server uses the webhook configurations.
async fn await_webhook(api: &Api<DynamicObject>, with: bool) {
    let params = PostParams { dry_run: true, ..PostParams::default() };
    let is_called = async || {
        let created = api.create(&params, &function()).await.unwrap();
        created.data.pointer("/spec/runtime").is_some()
    };
    while is_called().await != with {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Creates Functions for a while. Returns how long each creation took.
async fn round(api: &Api<DynamicObject>) -> Vec<Duration> {
    let until = Instant::now() + ROUND;
    let clients = (0..CLIENTS).map(|_| {
        let api = api.clone();
        tokio::spawn(async move {
            let mut taken = Vec::new();
            while Instant::now() < until {
                let started = Instant::now();
                api.create(&PostParams::default(), &function()).await.unwrap();
                taken.push(started.elapsed());
            }
            taken
        })
    });
    let clients: Vec<_> = clients.collect();
    let mut taken = Vec::new();
    for client in clients {
        taken.extend(client.await.unwrap());
    }
    taken
}
