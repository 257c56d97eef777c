//! The container of the gateway, and the one that brings its program to the registry. The gateway alone has keys and an
//! account.

use api::names::cache::{SOCKET, proven};
use api::names::image_registry::certificate_key::{CERTIFICATE, KEY};
use serde_json::{Value, json};

use crate::cache::instance::{Access, Instance};
use crate::cache::paths::key::REMOTE_CA;
use crate::cache::paths::{HELPER, HELPER_FOLDER, PORT, PORT_NAME, REGISTRY, REMOTE, SOCKET_FOLDER};
use crate::pod::{ACCOUNT, ADMIN_PORT, DELAY, DRAIN, gateway};

/// Where the certificate is mounted.
const TLS: &str = "/etc/registry/tls";
/// Where the token authority is mounted.
const TOKEN_AUTHORITY: &str = "/etc/registry/token-authority";

/// The container.
pub(super) fn container(instance: &Instance<'_>, has_remote_ca: bool) -> Value {
    let (args, mounts) = (arguments(instance, has_remote_ca), mounts(instance, has_remote_ca));
    gateway(&instance.config.gateway_image, (PORT_NAME, PORT), &args, &mounts)
}

/// The container that copies the program of the gateway to where the registry finds it.
pub(super) fn helper(instance: &Instance<'_>, security: &Value) -> Value {
    json!({
        "name": "helper",
        "image": instance.config.gateway_image,
        "args": ["credentials", "install", HELPER],
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "128Mi"}},
        "securityContext": security,
        "volumeMounts": [{"name": "helper", "mountPath": HELPER_FOLDER}],
    })
}

fn mounts(instance: &Instance<'_>, has_remote_ca: bool) -> Vec<Value> {
    let read = |name: &str, path: &str| json!({"name": name, "mountPath": path, "readOnly": true});
    let mut mounts = Vec::new();
    if instance.has_tls() {
        mounts.push(read("tls", TLS));
    }
    if instance.access() == Access::Authorize {
        mounts.push(read("token-authority", TOKEN_AUTHORITY));
    }
    if instance.secret().is_some() {
        mounts.push(read("account", ACCOUNT));
        mounts.push(json!({"name": "socket", "mountPath": SOCKET_FOLDER}));
    }
    if has_remote_ca {
        mounts.push(read("remote-ca", REMOTE));
    }
    mounts
}

fn arguments(instance: &Instance<'_>, has_remote_ca: bool) -> Vec<String> {
    let mut arguments = vec![
        "cache".to_owned(),
        format!("--listen=[::]:{PORT}"),
        format!("--admin-listen=[::]:{ADMIN_PORT}"),
        format!("--upstream={REGISTRY}"),
        format!("--remote-url={}", instance.remote_url()),
    ];
    let mut add = |flag: &str, value: &str| arguments.push(format!("--{flag}={value}"));
    if instance.has_tls() {
        add("tls-cert-file", &format!("{TLS}/{CERTIFICATE}"));
        add("tls-private-key-file", &format!("{TLS}/{KEY}"));
    }
    if instance.secret().is_some() {
        add("credentials-secret", &proven(&instance.spec.upstream));
        add("namespace", instance.namespace());
        add("credentials-socket", SOCKET);
    }
    if has_remote_ca {
        add("remote-ca-file", &format!("{REMOTE}/{REMOTE_CA}"));
    }
    let proxy = instance.spec.proxy.as_ref();
    let proxies = [
        ("http-proxy", proxy.and_then(|proxy| proxy.http_proxy.as_deref())),
        ("https-proxy", proxy.and_then(|proxy| proxy.https_proxy.as_deref())),
        ("no-proxy", proxy.and_then(|proxy| proxy.no_proxy.as_deref())),
    ];
    for (flag, value) in proxies {
        if let Some(value) = value {
            add(flag, value);
        }
    }
    if instance.access() == Access::Authorize {
        let name = instance.token_name();
        add("token-issuer", &name);
        add("token-service", &name);
        add("token-ca-cert-file", &format!("{TOKEN_AUTHORITY}/{CERTIFICATE}"));
        add("token-ca-key-file", &format!("{TOKEN_AUTHORITY}/{KEY}"));
        add("failover", instance.failover());
    }
    add("shutdown-delay", &format!("{DELAY}s"));
    add("drain-timeout", &format!("{DRAIN}s"));
    if instance.access() == Access::Authorize {
        arguments.push("--authorize".to_owned());
    }
    if instance.spec.stale_tags.as_deref() == Some("Deny") {
        arguments.push("--deny-stale-tags".to_owned());
    }
    arguments
}
