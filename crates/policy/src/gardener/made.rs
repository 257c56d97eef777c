//! The manifests that a document of Gardener becomes: a `RegistryCache` for each cache, and a Secret with the registries of
//! nodes for all mirrors.

use api::gardener::{MirrorConfig, RegistryConfig};
use api::names::cache::resource;
use api::names::gardener::{
    CA_BUNDLE, MIRROR_CONFIG, REGISTRY_CACHE, REGISTRY_CONFIG, REGISTRY_MIRROR, SHOOT,
};
use api::names::{GROUP, VERSION, container_registries};
use serde_json::{Value, json};

use super::convert;
use super::document::read_any;
use super::references::{Resources, Secrets};
use crate::decode::decode_any;
use crate::object::ShootObject;

/// The name of the Secret.
const MIRRORS: &str = "registry-mirrors";

/// What a valid document becomes: a `RegistryConfig`, a `MirrorConfig` or a Shoot, which is in `namespace`. References of a
/// Shoot become the names of the Secrets; those of other documents stay as they are.
#[must_use]
pub fn made(document: &Value, namespace: &str, secrets: &Secrets) -> Vec<Value> {
    let kind = document.get("kind").and_then(Value::as_str).unwrap_or_default();
    let mut made = Vec::new();
    if kind == REGISTRY_CONFIG.kind {
        made.extend(caches(document, str::to_owned));
    } else if kind == MIRROR_CONFIG.kind {
        made.extend(mirrors(document, |_| None));
    } else if kind == SHOOT.kind {
        made.extend(of_shoot(document, namespace, secrets).unwrap_or_default());
    }
    made
}

fn of_shoot(document: &Value, namespace: &str, secrets: &Secrets) -> Option<Vec<Value>> {
    let text = document.to_string();
    let spec = decode_any::<ShootObject>(&text)?.spec?;
    let resources = Resources { entries: spec.resources.as_deref().unwrap_or_default(), namespace };
    let document_of = |kind: &str| {
        let mut extensions = spec.extensions.iter().flatten();
        extensions.find(|extension| extension.kind == kind)?.provider_config.as_ref()
    };
    let mut made = Vec::new();
    if let Some(document) = document_of(REGISTRY_CACHE) {
        made.extend(caches(document, |reference| {
            resources.secret(reference).unwrap_or(reference).to_owned()
        }));
    }
    if let Some(document) = document_of(REGISTRY_MIRROR) {
        made.extend(mirrors(document, |reference| {
            let secret = secrets.get(namespace, resources.secret(reference)?)?;
            let data = secret.data().ok()?;
            String::from_utf8(data.get(CA_BUNDLE)?.to_vec()).ok()
        }));
    }
    Some(made)
}

fn caches(document: &Value, secret: impl Fn(&str) -> String) -> Vec<Value> {
    let config = read_any::<RegistryConfig>(document, &REGISTRY_CONFIG).unwrap_or_default();
    let cache = |cache: &api::gardener::Cache| {
        let mut spec = convert::cache(cache);
        spec.secret_reference_name = spec.secret_reference_name.as_deref().map(&secret);
        json!({
            "apiVersion": format!("{GROUP}/{VERSION}"),
            "kind": "RegistryCache",
            "metadata": {"name": resource(&spec.upstream)},
            "spec": spec,
        })
    };
    config.caches.iter().flatten().map(cache).collect()
}

fn mirrors(document: &Value, ca: impl Fn(&str) -> Option<String>) -> Option<Value> {
    let config = read_any::<MirrorConfig>(document, &MIRROR_CONFIG)?;
    let values = convert::container_registries(config.mirrors.as_deref().unwrap_or_default(), ca);
    Some(json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": MIRRORS,
            "labels": {(container_registries::LABEL): container_registries::LABEL_VALUE},
        },
        // What is JSON is YAML.
        "stringData": {(container_registries::VALUES): format!("{values:#}")},
    }))
}
