//! From documents of Gardener to what they become here: `RegistryCaches`, and the registries of nodes. What a document
//! leaves out is what Gardener makes of it.

use api::RawQuantity;
use api::cache::{
    CacheHttp, CacheProxy, CacheVolume, GarbageCollection, HighAvailability, RegistryCacheSpec,
};
use api::gardener::{Cache, Mirror, MirrorHost};
use serde_json::{Map, Value, json};

use crate::duration;
use crate::registry_caches::changes::{SIZE, TTL};

/// What nodes use a mirror for that says nothing.
const CAPABILITY: &str = "pull";

/// The specification of the `RegistryCache` that an entry of `caches` becomes.
#[must_use]
pub(super) fn cache(cache: &Cache) -> RegistryCacheSpec {
    let volume = cache.volume.clone().unwrap_or_default();
    let size = volume.size.or_else(|| serde_json::from_value::<RawQuantity>(json!(SIZE)).ok());
    let ttl = match &cache.garbage_collection {
        None => TTL.to_owned(),
        // Go reads what is missing as zero.
        Some(GarbageCollection { ttl: None }) => "0s".to_owned(),
        Some(GarbageCollection { ttl: Some(ttl) }) => as_go_prints(ttl),
    };
    let tls = cache.http.as_ref().is_none_or(|http| http.tls == Some(true));
    let is_twice = cache.high_availability.as_ref().and_then(|availability| availability.enabled);
    RegistryCacheSpec {
        upstream: cache.upstream.clone(),
        remote_url: cache.remote_url.clone(),
        volume: Some(CacheVolume { size, ..volume }),
        garbage_collection: Some(GarbageCollection { ttl: Some(ttl) }),
        secret_reference_name: cache.secret_reference_name.clone(),
        proxy: cache.proxy.as_ref().map(|proxy| CacheProxy {
            http_proxy: proxy.http_proxy.clone(),
            https_proxy: proxy.https_proxy.clone(),
            no_proxy: None,
        }),
        http: Some(CacheHttp { tls: Some(tls) }),
        high_availability: is_twice.map(|enabled| HighAvailability { enabled: Some(enabled) }),
        service_name_suffix: cache.service_name_suffix.clone(),
        ..RegistryCacheSpec::default()
    }
}

/// A duration in the one form that all that read it understand. What Go cannot read stays as it is.
fn as_go_prints(ttl: &str) -> String {
    duration::parse(ttl).map_or_else(|| ttl.to_owned(), duration::to_text)
}

/// The value `containerRegistries` that mirrors become. `ca` finds the authority of a mirror, by its reference.
#[must_use]
pub(super) fn container_registries(mirrors: &[Mirror], ca: impl Fn(&str) -> Option<String>) -> Value {
    let endpoints = |mirror: &Mirror| -> Value {
        mirror.hosts.iter().flatten().map(|host| endpoint(host, &ca)).collect()
    };
    let hosts = mirrors.iter().map(|mirror| (mirror.upstream.clone(), endpoints(mirror)));
    json!({"containerRegistries": hosts.collect::<Map<_, _>>()})
}

fn endpoint(host: &MirrorHost, ca: impl Fn(&str) -> Option<String>) -> Value {
    let (is_plain, address) = match host.host.strip_prefix("http://") {
        Some(address) => (true, address),
        None => (false, host.host.strip_prefix("https://").unwrap_or(&host.host)),
    };
    let capabilities = host.capabilities.clone().filter(|capabilities| !capabilities.is_empty());
    let mut endpoint = json!({
        "endpoint": address.trim_end_matches('/'),
        "capabilities": capabilities.unwrap_or_else(|| vec![CAPABILITY.to_owned()]),
    });
    let mut add = |key: &str, value: Value| {
        if let Some(members) = endpoint.as_object_mut() {
            members.insert(key.to_owned(), value);
        }
    };
    if is_plain {
        add("insecure", json!(true));
    }
    if host.override_path == Some(true) {
        add("overridePath", json!(true));
    }
    if let Some(ca) = host.ca_bundle_secret_reference_name.as_deref().and_then(ca) {
        add("ca", json!(ca));
    }
    endpoint
}
