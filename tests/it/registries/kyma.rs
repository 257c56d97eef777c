//! Functions move from the internal registry of Kyma Serverless to a registry in the cluster as the documents say.

use std::process::Command;

use controller::config::Config;
use controller::run::Reconciler;
use serde_json::{Value, json};
use testenv::ControlPlane;
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::harness::cluster::{NOTHING, kubectl};
use crate::harness::command::piped;
use crate::harness::controller::{control_plane, lead_alone};
use crate::harness::namespace::Namespace;
use crate::harness::real_cluster::provider::{documented, documented_commands};

const DEFAULT: &str = "serverless-registry-config-default";

/// A cluster with the internal registry, and our controller.
fn start() -> (ControlPlane, Runtime, watch::Sender<bool>) {
    let control_plane = control_plane();
    for namespace in ["kyma-system", "infra"] {
        kubectl(&control_plane, &format!("create namespace {namespace}"), NOTHING).unwrap();
    }
    kubectl(&control_plane, "apply -n kyma-system -f -", &internal()).unwrap();
    let reconcilers = &[
        Reconciler::Functions,
        Reconciler::Copies,
        Reconciler::ImageRegistries,
        Reconciler::ImageSecrets,
        Reconciler::ImageAccounts,
    ];
    let (runtime, stop) = lead_alone(&control_plane, Config::default(), reconcilers);
    (control_plane, runtime, stop)
}

/// The Secret of the internal registry, as its chart makes it.
fn internal() -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/dockerconfigjson",
        "metadata": {"name": DEFAULT, "labels": {"serverless.kyma-project.io/config": "credentials"}},
        "stringData": {
            "username": "kyma",
            "password": "hush-hush",
            "isInternal": "true",
            "registryAddress": "serverless-docker-registry.kyma-system.svc.cluster.local:5000",
            "serverAddress": "registry.kyma.example.com",
            ".dockerconfigjson": "{\"auths\":{}}",
        },
    })
}

#[test]
fn functions_leave_the_internal_registry_as_the_documents_say() {
    let (control_plane, _runtime, end) = start();
    let shop = Namespace::bare(&control_plane, "shop");
    shop.add_runtime();
    shop.apply("demo", &json!({}));
    shop.await_condition("demo", "Running", "True");
    assert!(shop.image().starts_with("registry.kyma.example.com/"), "{}", shop.image());

    let mut apply = control_plane.kubectl();
    apply.args(["apply", "-f", "-"]);
    piped(apply, &documented("metadata: {name: functions, namespace: shop}")).unwrap();
    shop.wait("the Function is built into the new registry", || {
        shop.image().starts_with("registry.infra.svc.cluster.local/shop/")
    });
    shop.await_condition("demo", "Running", "True");

    let mut used = Command::new("bash");
    used.args(["-euo", "pipefail", "-c", &documented_commands("uniq -c")]);
    let path = std::env::var("PATH").unwrap();
    used.env("PATH", format!("{}:{path}", testenv::assets().unwrap().display()));
    used.env("KUBECONFIG", control_plane.kubeconfig());
    let used = piped(used, "").unwrap();
    let words: Vec<_> = used.split_whitespace().collect();
    assert_eq!(words, ["1", "registry.infra.svc.cluster.local"]);

    let image = shop.image();
    kubectl(&control_plane, &format!("delete secret {DEFAULT} -n kyma-system --timeout=60s"), NOTHING)
        .unwrap();
    shop.wait("its copy is gone", || !shop.kubectl(&format!("get secret {DEFAULT}"), NOTHING).ok);
    shop.await_condition("demo", "Running", "True");
    assert_eq!(shop.image(), image);
    end.send_replace(true);
}
