//! The container of the registry. It knows no key, and no token of the API server; credentials it asks the gateway for.

use api::names::image_registry::config_key;
use serde_json::{Value, json};

use crate::cache::instance::Instance;
use crate::cache::paths::{
    CONFIG, DEBUG_NAME, DEBUG_PORT, HELPER, HELPER_FOLDER, IMAGES, IMAGES_VOLUME, REMOTE, SOCKET_FOLDER,
};
use crate::object::with;
use crate::pod::DELAY;
use crate::resources::resources;

/// The container.
pub(super) fn container(instance: &Instance<'_>, has_remote_ca: bool, security: &Value) -> Value {
    let probe = |failures: i32| {
        json!({
            "httpGet": {"path": "/debug/health", "port": DEBUG_NAME},
            "periodSeconds": 10,
            "timeoutSeconds": 5,
            "failureThreshold": failures,
        })
    };
    let asked = resources(instance.spec.resources.as_ref());
    let default = json!({"requests": {"cpu": "20m", "memory": "50Mi"}});
    let container = json!({
        "name": "registry",
        "image": instance.image(),
        "args": ["serve", format!("{CONFIG}/{}", config_key::REGISTRY)],
        "env": env(instance, has_remote_ca),
        "ports": [{"name": DEBUG_NAME, "containerPort": DEBUG_PORT, "protocol": "TCP"}],
        "resources": asked.map_or(default, |asked| json!(asked)),
        "livenessProbe": probe(6),
        "readinessProbe": probe(3),
        // The gateway accepts requests for a while after the Pod has begun to end.
        "lifecycle": {"preStop": {"sleep": {"seconds": 2 * DELAY}}},
        "securityContext": security,
        "volumeMounts": mounts(instance, has_remote_ca),
    });
    if instance.secret().is_none() {
        return container;
    }
    with(container, json!({"startupProbe": startup_probe()}))
}

/// A registry that cannot run its credential helper asks the upstream as nobody, and only logs it. So the Pod does not start
/// before the helper has run in the container of the registry and got credentials. It prints none of them here.
fn startup_probe() -> Value {
    json!({
        "exec": {"command": [HELPER, "check"]},
        "periodSeconds": 1,
        "timeoutSeconds": 5,
        // The credentials may take as long as the API server is away. To restart the registry does not help.
        "failureThreshold": 86400,
    })
}

fn mounts(instance: &Instance<'_>, has_remote_ca: bool) -> Vec<Value> {
    let read = |name: &str, path: &str| json!({"name": name, "mountPath": path, "readOnly": true});
    let mut mounts = vec![json!({"name": IMAGES_VOLUME, "mountPath": IMAGES}), read("config", CONFIG)];
    if instance.secret().is_some() {
        mounts.push(read("helper", HELPER_FOLDER));
        mounts.push(read("socket", SOCKET_FOLDER));
    }
    if has_remote_ca {
        mounts.push(read("remote-ca", REMOTE));
    }
    mounts
}

fn env(instance: &Instance<'_>, has_remote_ca: bool) -> Vec<Value> {
    let proxy = instance.spec.proxy.as_ref();
    let variables = [
        // There is nobody to send traces to.
        ("OTEL_TRACES_EXPORTER", Some("none")),
        // Besides the public authorities of the image.
        ("SSL_CERT_DIR", has_remote_ca.then_some(REMOTE)),
        ("HTTP_PROXY", proxy.and_then(|proxy| proxy.http_proxy.as_deref())),
        ("HTTPS_PROXY", proxy.and_then(|proxy| proxy.https_proxy.as_deref())),
        ("NO_PROXY", proxy.and_then(|proxy| proxy.no_proxy.as_deref())),
    ];
    let set = variables.into_iter().filter_map(|(name, value)| Some((name, value?)));
    set.map(|(name, value)| json!({"name": name, "value": value})).collect()
}
