//! The container of the gateway and token server. It alone has the key of the token authority and an account.

use api::names::image_registry::certificate_key::{CERTIFICATE, KEY};
use api::names::image_registry::config_key::{REFRESH, RULES};
use serde_json::{Value, json};

use super::paths::{HTTPS, HTTPS_PORT, UPSTREAM};
use crate::pod::{ACCOUNT, DELAY, DRAIN, gateway};
use crate::registry::instance::Instance;
use crate::registry::rules::Rules;

/// Where the volumes of the gateway are mounted, by their names.
const MOUNTS: [(&str, &str); 4] = [
    ("tls", "/etc/registry/tls"),
    ("token-authority", "/etc/registry/token-authority"),
    ("keys", "/etc/registry/keys"),
    ("account", ACCOUNT),
];
/// Where the rules are mounted.
const RULES_MOUNT: (&str, &str) = ("rules", "/etc/registry/rules");

/// The container.
pub(super) fn container(instance: &Instance<'_>, rules: Rules<'_>) -> Value {
    let rules_mount = matches!(rules, Rules::File(_)).then_some(RULES_MOUNT);
    let mounts = MOUNTS.into_iter().chain(rules_mount);
    let mounts = mounts.map(|(name, path)| json!({"name": name, "mountPath": path, "readOnly": true}));
    let mounts: Vec<_> = mounts.collect();
    gateway(&instance.config.gateway_image, (HTTPS, HTTPS_PORT), &arguments(instance, rules), &mounts)
}

fn arguments(instance: &Instance<'_>, rules: Rules<'_>) -> Vec<String> {
    let [tls, authority, keys, _] = MOUNTS.map(|(_, path)| path);
    // In seconds: the gateway does not read everything that Go reads, such as `30s1m`.
    let [pull, push] = instance.token_ttl().map(|ttl| format!("{}s", ttl.as_secs()));
    let hostname = instance.hostname();
    let rules = match rules {
        Rules::Policy(policy) => format!("--policy={policy}"),
        Rules::File(_) => format!("--acl-file={}/{RULES}", RULES_MOUNT.1),
    };
    vec![
        "serve".to_owned(),
        format!("--upstream={UPSTREAM}"),
        format!("--tls-cert-file={tls}/{CERTIFICATE}"),
        format!("--tls-private-key-file={tls}/{KEY}"),
        format!("--token-ca-cert-file={authority}/{CERTIFICATE}"),
        format!("--token-ca-key-file={authority}/{KEY}"),
        format!("--token-issuer={hostname}"),
        format!("--token-service={hostname}"),
        format!("--token-pull-ttl={pull}"),
        format!("--token-push-ttl={push}"),
        format!("--refresh-key-file={keys}/{REFRESH}"),
        rules,
        format!("--namespace={}", instance.namespace),
        format!("--shutdown-delay={DELAY}s"),
        format!("--drain-timeout={DRAIN}s"),
    ]
}
