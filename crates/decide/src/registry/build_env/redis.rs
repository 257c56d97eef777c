//! The Redis of a build environment: a cache with a password, and without a disk.

use api::names::registry::{build_env_label, build_env_redis, build_env_redis_conf};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value, json};

use super::model::{BuildEnv, Observed};
use super::objects::{PASSWORD, PORT, metadata, secret};
use crate::plan::Wanted;
use crate::{Kind, drift, hash};

/// The file of its configuration, which is a key of its Secret.
const FILE: &str = "redis.conf";
/// Where it is mounted.
const FOLDER: &str = "/etc/redis";
/// The password that it has, or the new one.
pub(super) fn password(env: &BuildEnv, observed: &Observed) -> String {
    let stored = observed.stored.get(&(Kind::Secret, build_env_redis_conf(&env.name)));
    let known = stored.and_then(|stored| stored.get("data")?.get(PASSWORD)?.as_str());
    let known = known.and_then(|known| String::from_utf8(BASE64.decode(known).ok()?).ok());
    // What somebody else writes there must not become another line of the configuration.
    let is_ours =
        |known: &String| !known.is_empty() && known.bytes().all(|byte| byte.is_ascii_alphanumeric());
    known.filter(is_ours).unwrap_or_else(|| observed.new_password.clone())
}

/// Its Secret, its Service and its Deployment.
pub(super) fn objects(env: &BuildEnv, password: &str, image: &str) -> [Wanted; 3] {
    let text = format!(
        "requirepass {password}\nsave \"\"\nappendonly no\nmaxmemory 256mb\nmaxmemory-policy allkeys-lru\n"
    );
    let mut data = Map::new();
    data.insert(PASSWORD.to_owned(), BASE64.encode(password).into());
    data.insert(FILE.to_owned(), BASE64.encode(&text).into());
    let configuration = secret(env, build_env_redis_conf(&env.name), &data);
    let selector = json!({(build_env_label::REDIS): env.name});
    let ports = json!([{"name": "redis", "port": PORT, "targetPort": "redis", "protocol": "TCP"}]);
    let service = json!({"selector": selector, "ports": ports});
    let pod = json!({
        "metadata": {"labels": selector, "annotations": {(build_env_label::REDIS_CONFIGURATION): hash::of_bytes(text.as_bytes())}},
        "spec": pod(env, image),
    });
    let deployment = json!({
        "replicas": 1,
        "strategy": {"type": "Recreate"},
        "selector": {"matchLabels": selector},
        "template": pod,
    });
    [configuration, object(env, Kind::Service, &service), object(env, Kind::Deployment, &deployment)]
}

fn pod(env: &BuildEnv, image: &str) -> Value {
    let amounts = json!({"cpu": "50m", "memory": "320Mi"});
    json!({
        "automountServiceAccountToken": false,
        "enableServiceLinks": false,
        "securityContext": {
            "runAsNonRoot": true,
            "runAsUser": 999,
            "runAsGroup": 999,
            "fsGroup": 999,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [{
            "name": "redis",
            "image": image,
            "args": ["redis-server", format!("{FOLDER}/{FILE}")],
            "ports": [{"name": "redis", "containerPort": PORT, "protocol": "TCP"}],
            "readinessProbe": {"tcpSocket": {"port": "redis"}, "periodSeconds": 5},
            "resources": {"requests": amounts, "limits": {"memory": "320Mi"}},
            "securityContext": {
                "allowPrivilegeEscalation": false,
                "readOnlyRootFilesystem": true,
                "capabilities": {"drop": ["ALL"]},
            },
            "volumeMounts": [
                {"name": "configuration", "mountPath": FOLDER, "readOnly": true},
                {"name": "data", "mountPath": "/data"},
            ],
        }],
        "volumes": [
            {
                "name": "configuration",
                "secret": {
                    "secretName": build_env_redis_conf(&env.name),
                    "items": [{"key": FILE, "path": FILE}],
                    "defaultMode": 288,
                },
            },
            {"name": "data", "emptyDir": {"sizeLimit": "16Mi"}},
        ],
    })
}

fn object(env: &BuildEnv, kind: Kind, spec: &Value) -> Wanted {
    let name = build_env_redis(&env.name);
    let object = json!({
        "apiVersion": kind.api_version(),
        "kind": kind.as_str(),
        "metadata": metadata(env, &name),
        "spec": spec,
    });
    Wanted { kind, namespace: env.namespace.clone(), name, object: drift::marked(&object) }
}

/// Whether its Pod answers.
pub(super) fn is_ready(env: &BuildEnv, observed: &Observed) -> bool {
    let stored = observed.stored.get(&(Kind::Deployment, build_env_redis(&env.name)));
    let number =
        |pointer: &str| stored.and_then(|stored| stored.pointer(pointer)?.as_i64()).unwrap_or_default();
    let is_current = number("/status/observedGeneration") >= number("/metadata/generation");
    is_current && number("/status/updatedReplicas") == 1 && number("/status/availableReplicas") == 1
}
