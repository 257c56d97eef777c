//! What the Pods of registries and caches have in common: who they run as, their volumes, and who reads their metrics.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// The user and group of all containers.
pub(crate) const USER: i64 = 65532;
/// How long a gateway may drain, in seconds.
pub(crate) const DRAIN: u32 = 300;
/// How long connections are still accepted when a Pod ends, in seconds.
pub(crate) const DELAY: u32 = 5;
/// How much longer than its containers a Pod may take to end, in seconds.
const MARGIN: u32 = 15;

/// The name of the port of probes and metrics of a gateway.
pub(crate) const ADMIN: &str = "admin";
/// The number of this port.
pub(crate) const ADMIN_PORT: u16 = 9090;

/// Where a container finds what it logs in to the API server with; see [`account`].
pub(crate) const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Namespaces with this label may read metrics, as those of all our programs.
const METRICS: [&str; 2] = ["metrics", "enabled"];

/// What a container may do.
pub(crate) fn security() -> Value {
    json!({
        "allowPrivilegeEscalation": false,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": true,
    })
}

/// The fields of a Pod that are the same for all.
pub(crate) fn pod(selector: &BTreeMap<String, String>) -> Value {
    json!({
        "automountServiceAccountToken": false,
        "enableServiceLinks": false,
        "terminationGracePeriodSeconds": DELAY + DRAIN + MARGIN,
        "securityContext": {
            "runAsNonRoot": true,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "topologySpreadConstraints": [{
            "maxSkew": 1,
            "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": selector},
        }],
    })
}

/// The container of a gateway; `clients` is its port for clients, by name and number.
pub(crate) fn gateway(image: &str, clients: (&str, u16), args: &[String], mounts: &[Value]) -> Value {
    let probe = |path: &str, period: i32| json!({"httpGet": {"path": path, "port": ADMIN}, "periodSeconds": period, "timeoutSeconds": 5});
    let port =
        |(name, number): (&str, u16)| json!({"name": name, "containerPort": number, "protocol": "TCP"});
    json!({
        "name": "gateway",
        "image": image,
        "args": args,
        "ports": [port(clients), port((ADMIN, ADMIN_PORT))],
        "resources": {"requests": {"cpu": "20m", "memory": "32Mi"}, "limits": {"memory": "512Mi"}},
        "livenessProbe": probe("/livez", 10),
        "readinessProbe": probe("/readyz", 5),
        "securityContext": security(),
        "volumeMounts": mounts,
    })
}

/// A volume with some keys of a Secret.
pub(crate) fn secret(volume: &str, secret: &str, keys: &[&str]) -> Value {
    // The group of the Pod reads it.
    json!({"name": volume, "secret": {"secretName": secret, "items": items(keys), "defaultMode": 0o440}})
}

/// Keys of a volume, each a file of its name.
pub(crate) fn items(keys: &[&str]) -> Vec<Value> {
    keys.iter().map(|key| json!({"key": key, "path": key})).collect()
}

/// A volume with what a gateway logs in to the API server with. No other container has it.
pub(crate) fn account() -> Value {
    let namespace =
        json!({"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}});
    let sources = json!([
        {"serviceAccountToken": {"path": "token", "expirationSeconds": 3600}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [namespace]}},
    ]);
    json!({"name": "account", "projected": {"sources": sources, "defaultMode": 0o440}})
}

/// The `spec` of a `NetworkPolicy`: clients reach some ports of Pods, and what reads metrics others.
pub(crate) fn reachable(selector: &BTreeMap<String, String>, clients: &[&str], metrics: &[&str]) -> Value {
    let [label, value] = METRICS;
    let ports = |names: &[&str]| -> Vec<Value> {
        names.iter().map(|name| json!({"port": name, "protocol": "TCP"})).collect()
    };
    json!({
        "podSelector": {"matchLabels": selector},
        "policyTypes": ["Ingress"],
        "ingress": [
            {"ports": ports(clients)},
            {
                "from": [{"namespaceSelector": {"matchLabels": {(label): value}}}],
                "ports": ports(metrics),
            },
        ],
    })
}
