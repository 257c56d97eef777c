//! The Pods of a registry: the registry, and the gateway before it.

use api::names::image_registry::certificate_key::{CERTIFICATE, KEY};
use api::names::image_registry::{config_key, shared_keys};
use api::names::registry::{CONFIG_HASH, of_registry, volume_claim};
use serde_json::{Value, json};

use super::config_map::configuration;
use super::{gateway, registry};
use crate::Kind;
use crate::hash;
use crate::object::{wanted, with};
use crate::plan::Wanted;
use crate::pod::{account, items, pod, secret, security};
use crate::registry::instance::Instance;
use crate::registry::rules::Rules;

/// What the Pods are made of, besides what is asked of the registry.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Pods<'a> {
    /// The rules of the gateway.
    pub(in super::super) rules: Rules<'a>,
    /// The token authorities that the registry trusts, in PEM. It reads them when it starts.
    pub(in super::super) trusted: &'a str,
}

/// The `StatefulSet`.
pub(in super::super) fn stateful_set(instance: &Instance<'_>, pods: Pods<'_>) -> Wanted {
    let security = security();
    let hash = hash::of_parts(&[configuration(instance).as_str(), pods.trusted]);
    let selector = json!({"matchLabels": instance.selector()});
    let own = json!({
        "serviceAccountName": of_registry(instance.name),
        "containers": [
            registry::container(instance, &security),
            gateway::container(instance, pods.rules),
        ],
        "volumes": volumes(instance, pods.rules),
    });
    let pod = with(pod(&instance.selector()), own);
    let template = json!({
        "metadata": {"labels": instance.selector(), "annotations": {(CONFIG_HASH): hash}},
        "spec": pod,
    });
    let spec = json!({
        "replicas": instance.replicas(),
        "serviceName": instance.name,
        "selector": selector,
        "podManagementPolicy": "Parallel",
        "revisionHistoryLimit": 2,
        "template": template,
    });
    wanted(Kind::StatefulSet, &instance.metadata(instance.name.to_owned()), json!({"spec": spec}))
}

fn volumes(instance: &Instance<'_>, rules: Rules<'_>) -> Vec<Value> {
    let authority = instance.authority_secret();
    let (config, keys) = (of_registry(instance.name), shared_keys(instance.name));
    let mut volumes = vec![
        config_map("config", &config, &[config_key::REGISTRY, config_key::AUTHORITIES]),
        secret("tls", &instance.tls_secret(), &[CERTIFICATE, KEY]),
        secret("token-authority", &authority, &[CERTIFICATE, KEY]),
        secret("keys", &keys, &[config_key::REFRESH]),
        account(),
    ];
    if matches!(rules, Rules::File(_)) {
        volumes.push(config_map("rules", &config, &[config_key::RULES]));
    }
    if instance.spec.persistent_volume_claim.is_some() {
        let claim = json!({"claimName": volume_claim(instance.name)});
        volumes.push(json!({"name": "images", "persistentVolumeClaim": claim}));
    }
    volumes
}

/// A volume with some keys of a `ConfigMap`.
fn config_map(volume: &str, map: &str, keys: &[&str]) -> Value {
    json!({"name": volume, "configMap": {"name": map, "items": items(keys), "defaultMode": 0o444}})
}
