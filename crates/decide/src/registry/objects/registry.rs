//! The container of the registry. It knows no key of the token authority, and no token of the API server.

use api::names::image_registry::{config_key, shared_keys};
use api::names::registry::s3_key;
use serde_json::{Value, json};

use super::paths::{CONFIG, IMAGES};
use crate::pod::{ADMIN_PORT, DELAY};
use crate::registry::instance::Instance;
use crate::resources::resources;

/// The container.
pub(super) fn container(instance: &Instance<'_>, security: &Value) -> Value {
    let asked = resources(instance.spec.resources.as_ref());
    let default = json!({"requests": {"cpu": "50m", "memory": "64Mi"}});
    // The registry listens on loopback, where the kubelet cannot ask it: the gateway asks it.
    let probe = |path: &str, failures: i32| {
        json!({
            "httpGet": {"path": path, "port": ADMIN_PORT},
            "periodSeconds": 10,
            "timeoutSeconds": 5,
            "failureThreshold": failures,
        })
    };
    json!({
        "name": "registry",
        "image": instance.config.registry_image,
        "args": ["serve", format!("{CONFIG}/{}", config_key::REGISTRY)],
        "env": env(instance),
        "resources": asked.map_or(default, |asked| json!(asked)),
        "livenessProbe": probe("/registry/livez", 6),
        "readinessProbe": probe("/registry/readyz", 3),
        // The gateway accepts requests for a while after the Pod has begun to end.
        "lifecycle": {"preStop": {"sleep": {"seconds": 2 * DELAY}}},
        "securityContext": security,
        "volumeMounts": mounts(instance),
    })
}

fn env(instance: &Instance<'_>) -> Vec<Value> {
    let secret = |variable: &str, secret: &str, key: &str| json!({"name": variable, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}});
    let keys = shared_keys(instance.name);
    let mut env = vec![
        secret("REGISTRY_HTTP_SECRET", &keys, config_key::UPLOADS),
        // There is nobody to send traces to.
        json!({"name": "OTEL_TRACES_EXPORTER", "value": "none"}),
    ];
    if let Some(s3) = instance.spec.storage.as_ref().and_then(|storage| storage.s3.as_ref()) {
        env.push(secret("REGISTRY_STORAGE_S3_ACCESSKEY", &s3.secret_name, s3_key::ACCESS_KEY));
        env.push(secret("REGISTRY_STORAGE_S3_SECRETKEY", &s3.secret_name, s3_key::SECRET_KEY));
    }
    env
}

fn mounts(instance: &Instance<'_>) -> Vec<Value> {
    let mut mounts = vec![json!({"name": "config", "mountPath": CONFIG, "readOnly": true})];
    if instance.spec.persistent_volume_claim.is_some() {
        mounts.push(json!({"name": "images", "mountPath": IMAGES}));
    }
    mounts
}
