//! The ConfigMap of a registry: its configuration, the token authorities that it trusts, and the last good rules.

use api::names::image_registry::TOKEN_PATH;
use api::names::image_registry::config_key::{AUTHORITIES, REGISTRY, RULES};
use api::names::registry::of_registry;
use api::registry::S3;
use serde_json::{Map, Value, json};

use super::paths::{CONFIG, IMAGES, UPSTREAM};
use crate::Kind;
use crate::object::{wanted, with};
use crate::plan::Wanted;
use crate::pod::DRAIN;
use crate::registry::instance::Instance;
use crate::registry::rules::Rules;

/// The `ConfigMap`; `trusted` are the token authorities, in PEM.
pub(in super::super) fn config_map(instance: &Instance<'_>, rules: Rules<'_>, trusted: &str) -> Wanted {
    let mut data = Map::from_iter([
        (REGISTRY.to_owned(), json!(configuration(instance))),
        (AUTHORITIES.to_owned(), json!(trusted)),
    ]);
    if let Rules::File(text) = rules {
        data.insert(RULES.to_owned(), json!(text));
    }
    wanted(Kind::ConfigMap, &instance.metadata(of_registry(instance.name)), json!({"data": data}))
}

/// The rules in a stored `ConfigMap`.
pub(in super::super) fn last_good(stored: &Value) -> Option<&str> {
    stored.get("data")?.get(RULES)?.as_str()
}

/// The configuration of the registry. Credentials are in variables.
pub(super) fn configuration(instance: &Instance<'_>) -> String {
    let hostname = instance.hostname();
    let configuration = json!({
        "version": 0.1,
        "log": {"level": "info", "formatter": "json"},
        "storage": storage(instance),
        "http": {
            "addr": UPSTREAM,
            "host": format!("https://{hostname}"),
            // Clients may use another name of the registry.
            "relativeurls": true,
            "draintimeout": format!("{DRAIN}s"),
            "headers": {"X-Content-Type-Options": ["nosniff"]},
        },
        "health": {"storagedriver": {"enabled": true, "interval": "10s", "threshold": 3}},
        "auth": {"token": {
            "realm": format!("https://{hostname}{TOKEN_PATH}"),
            "issuer": hostname,
            "service": hostname,
            "rootcertbundle": format!("{CONFIG}/{AUTHORITIES}"),
            "signingalgorithms": ["ES256"],
        }},
    });
    serde_saphyr::to_string(&configuration).unwrap_or_default()
}

fn storage(instance: &Instance<'_>) -> Value {
    let place = match instance.spec.storage.as_ref().and_then(|storage| storage.s3.as_ref()) {
        // Clients reach the registry, and may not reach the store.
        Some(s3) => json!({"s3": bucket(s3), "redirect": {"disable": true}}),
        None => json!({"filesystem": {"rootdirectory": IMAGES}}),
    };
    with(json!({"delete": {"enabled": true}}), place)
}

fn bucket(s3: &S3) -> Value {
    let mut bucket = json!({"bucket": s3.bucket, "region": s3.region});
    if let Some(endpoint) = &s3.endpoint {
        let is_secure = endpoint.starts_with("https://");
        bucket = with(bucket, json!({"regionendpoint": endpoint, "secure": is_secure}));
    }
    match s3.force_path_style {
        Some(is_in_path) => with(bucket, json!({"forcepathstyle": is_in_path})),
        None => bucket,
    }
}
