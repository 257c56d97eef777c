//! Functions get a registry in the cluster, on a real control plane: who gets credentials, who keeps them, and what nodes learn.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use controller::run::Reconciler;
use serde_json::{Value, json};
use testenv::ControlPlane;
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::harness::account::with_registry_of_functions;
use crate::harness::cluster::{NOTHING, kubectl};
use crate::harness::controller::{control_plane, lead_alone};
use crate::harness::namespace::Namespace;
use crate::harness::wait::wait_within;

const PUSH_SECRET: &str = "imagepushsecret serverless-functions";
const SECRET: &str = "secret serverless-registry-config";

/// A control plane with a controller that creates a registry of Functions.
fn start() -> (ControlPlane, Runtime, watch::Sender<bool>) {
    let control_plane = control_plane();
    kubectl(&control_plane, "create namespace kyma-system", NOTHING).unwrap();
    let spec = json!({
        "service": {"type": "ClusterIP"},
        "auth": {"policy": "PerNamespace"},
        "persistentVolumeClaim": {"resources": {"requests": {"storage": "1Gi"}}},
    });
    let config = with_registry_of_functions(spec);
    let reconcilers = &[
        Reconciler::FunctionRegistries,
        Reconciler::ImageRegistries,
        Reconciler::ImageSecrets,
        Reconciler::Nodes,
    ];
    let (runtime, stop) = lead_alone(&control_plane, config, reconcilers);
    (control_plane, runtime, stop)
}

fn has(namespace: &Namespace<'_>, what: &str) -> bool {
    namespace.kubectl(&format!("get {what}"), NOTHING).ok
}

fn decoded(secret: &Value, key: &str) -> String {
    let value = secret["data"][key].as_str().unwrap_or_default();
    String::from_utf8(STANDARD.decode(value).unwrap()).unwrap()
}

fn push_secret(name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": "registry.mgoltzsche.github.com/v1alpha1",
        "kind": "ImagePushSecret",
        "metadata": {"name": name},
        "spec": spec,
    })
}

/// A Pod that pulls with the Secret of Functions. Nothing runs it.
fn pod() -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "runs"},
        "spec": {
            "imagePullSecrets": [{"name": "serverless-registry-config"}],
            "containers": [{"name": "c", "image": "i"}],
            "terminationGracePeriodSeconds": 0,
        },
    })
}

#[test]
fn namespaces_with_functions_and_no_registry_get_one() {
    let (control_plane, _runtime, _stop) = start();
    let base = |what: &str| {
        let out = kubectl(&control_plane, &format!("get -n kyma-system {what} -o json"), NOTHING).out;
        serde_json::from_str::<Value>(&out).unwrap_or_default()
    };
    // They have a registry, or no Function, or somebody else has the name.
    let own = Namespace::bare(&control_plane, "own");
    own.add_secret("serverless-registry-config", &json!({"username": "me"}));
    let empty = Namespace::bare(&control_plane, "empty");
    let taken = Namespace::bare(&control_plane, "taken");
    taken.kubectl("create -f -", &push_secret("serverless-functions", &json!({}))).unwrap();
    let foreign = taken.get(PUSH_SECRET)["spec"].clone();
    for namespace in [&own, &taken] {
        namespace.apply("demo", &json!({}));
    }

    let shop = Namespace::bare(&control_plane, "shop");
    shop.apply("demo", &json!({}));
    shop.wait("there are credentials", || has(&shop, SECRET));
    let secret = shop.get(SECRET);
    assert_eq!(decoded(&secret, "serverAddress"), "registry.kyma-system.svc.cluster.local");
    assert_eq!(decoded(&secret, "registryAddress"), "registry.kyma-system.svc.cluster.local/shop");
    let accounts = base("imageregistryaccounts");
    let labels = &accounts["items"][0]["spec"]["labels"];
    assert_eq!((&labels["namespace"], &labels["accessMode"]), (&json!(["shop"]), &json!(["push"])));
    assert_eq!(base("imageregistry registry")["spec"]["auth"]["policy"], "PerNamespace");

    nodes_learn_of_it_and_of_no_registry_of_tenants(&base, &shop);

    // The others have what they had, and an Event says why.
    taken.wait("there is an Event", || {
        let events = taken.list("events.events.k8s.io");
        events.iter().any(|event| {
            event["reason"] == "NameConflict"
                && event["note"].as_str().unwrap_or_default().contains("Set forFunctions in it")
        })
    });
    assert_eq!(taken.get(PUSH_SECRET)["spec"], foreign);
    assert!(!has(&own, PUSH_SECRET) && !has(&empty, PUSH_SECRET));
    assert_eq!(decoded(&own.get(SECRET), "username"), "me");

    credentials_stay_while_they_are_used(&control_plane, &shop);
}

/// Nodes learn the authority, and the address that the certificate is for.
fn nodes_learn_of_it_and_of_no_registry_of_tenants(base: &dyn Fn(&str) -> Value, shop: &Namespace<'_>) {
    let address = || base("service registry")["spec"]["clusterIP"].as_str().unwrap_or_default().to_owned();
    let nodes = || decoded(&base("secret node-registries"), "values");
    shop.wait("nodes learn of the registry", || nodes().contains(&format!("endpoint: \"{}\"", address())));
    let authority = decoded(&shop.get(SECRET), "ca.crt");
    assert!(authority.starts_with("-----BEGIN CERTIFICATE-----"), "{authority}");
    assert!(nodes().contains(authority.lines().nth(1).unwrap()), "{}", nodes());
    assert!(nodes().contains("registry.kyma-system.svc.cluster.local"), "{}", nodes());

    // A registry of a tenant is not for nodes.
    let registry = json!({
        "apiVersion": "registry.mgoltzsche.github.com/v1alpha1",
        "kind": "ImageRegistry",
        "metadata": {"name": "mine"},
        "spec": {"persistentVolumeClaim": {"resources": {"requests": {"storage": "1Gi"}}}},
    });
    shop.kubectl("create -f -", &registry).unwrap();
    shop.wait("the registry of the tenant is reported", || {
        shop.get("imageregistry mine")["status"]["hostname"] == "mine.shop.svc.cluster.local"
    });
    assert!(!nodes().contains("mine.shop"), "{}", nodes());
}

/// Credentials stay while a Pod pulls with them, and go with the last one, or when a tenant has his own.
fn credentials_stay_while_they_are_used(control_plane: &ControlPlane, shop: &Namespace<'_>) {
    shop.kubectl("create -f -", &pod()).unwrap();
    shop.kubectl("delete function demo", NOTHING).unwrap();
    let other = Namespace::bare(control_plane, "other");
    other.apply("demo", &json!({}));
    other.wait("a later change has been seen", || has(&other, SECRET));
    assert!(has(shop, PUSH_SECRET), "a Pod still pulls with it");
    shop.kubectl("delete pod runs", NOTHING).unwrap();
    wait_within(Duration::from_mins(2), "nobody needs it any more", || {
        !has(shop, PUSH_SECRET) && !has(shop, SECRET)
    });

    // A push secret of the tenant takes its place.
    let mine = push_secret(
        "mine",
        &json!({"forFunctions": true, "registryRef": {"name": "registry", "namespace": "kyma-system"}}),
    );
    other.kubectl("create -f -", &mine).unwrap();
    // A Secret of somebody else is looked at again after a minute.
    wait_within(Duration::from_mins(2), "the tenant's own credentials are used", || {
        !has(&other, PUSH_SECRET)
            && has(&other, SECRET)
            && decoded(&other.get(SECRET), "username").starts_with("push.other.mine.")
    });
}
