//! The configuration of the registry of a cache, as distribution 3.1 reads it. It holds no credentials: the registry runs a
//! program for them.

use api::names::image_registry::TOKEN_PATH;
use api::names::image_registry::config_key::AUTHORITIES;
use serde_json::json;

use super::instance::{Access, Instance};
use super::paths::{CONFIG, DEBUG_PORT, HELPER, IMAGES, PORT, REGISTRY};
use crate::object::with;
use crate::pod::DRAIN;

/// When images are deleted if the cache does not say so.
const TTL: &str = "168h";
/// How long the registry uses credentials before it runs the program again.
const LIFETIME: &str = "1s";

/// The configuration, in YAML.
pub(super) fn configuration(instance: &Instance<'_>) -> String {
    let ttl = instance.spec.garbage_collection.as_ref().and_then(|collection| collection.ttl.as_deref());
    let mut proxy = json!({"remoteurl": instance.remote_url(), "ttl": ttl.unwrap_or(TTL)});
    if instance.secret().is_some() {
        proxy = with(proxy, json!({"exec": {"command": HELPER, "lifetime": LIFETIME}}));
    }
    let mut configuration = json!({
        "version": 0.1,
        "log": {"level": "info", "formatter": "json", "fields": {"service": "registry"}},
        // No cache of descriptors: it would bring back blobs that were deleted (distribution#2367).
        "storage": {
            "delete": {"enabled": true},
            "filesystem": {"rootdirectory": IMAGES},
            "tag": {"concurrencylimit": 5},
        },
        "http": {
            "addr": REGISTRY,
            "debug": {"addr": format!(":{DEBUG_PORT}"), "prometheus": {"enabled": true, "path": "/metrics"}},
            // Nodes use the address of the Service.
            "relativeurls": true,
            "draintimeout": format!("{DRAIN}s"),
            "headers": {"X-Content-Type-Options": ["nosniff"]},
        },
        "health": {"storagedriver": {"enabled": true, "interval": "10s", "threshold": 3}},
        "proxy": proxy,
    });
    if instance.access() == Access::Authorize {
        let name = instance.token_name();
        let auth = json!({"token": {
            "realm": format!("https://{name}:{PORT}{TOKEN_PATH}"),
            "issuer": name,
            "service": name,
            "rootcertbundle": format!("{CONFIG}/{AUTHORITIES}"),
            "signingalgorithms": ["ES256"],
        }});
        configuration = with(configuration, json!({"auth": auth}));
    }
    serde_saphyr::to_string(&configuration).unwrap_or_default()
}
