//! What caches become, as recorded in `fixtures/caches`. `RECORD_CACHES=1` records it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use api::cache::RegistryCache;
use k8s_openapi::api::core::v1::Secret;
use serde_json::Value;

use super::*;
use crate::cache::instance::{Access, Config};
use crate::recorded::hold;

/// The variable by which objects are recorded instead.
const RECORD: &str = "RECORD_CACHES";

fn config() -> Config {
    Config {
        namespace: "kyma-system".to_owned(),
        registry_image: "docker.io/library/registry:3.1.2".to_owned(),
        gateway_image: "serverless-registry:0.2.0".to_owned(),
        hibernated: false,
    }
}

fn objects(config: &Config, cache: &RegistryCache) -> Vec<Wanted> {
    let instance = Instance::of(config, cache).unwrap();
    let remote = instance.spec.remote_ca.as_ref().map(|_| "REMOTE");
    let config = config_secret(&instance, Trusted { tokens: "TOKENS", remote });
    let pods = stateful_set(&instance, &config.name, remote.is_some());
    let mut objects = vec![service(&instance)];
    objects.extend(foundation(&instance));
    objects.extend([config, pods]);
    objects
}

/// With the configuration as text.
fn shown(object: &Wanted) -> String {
    let mut shown = object.object.clone();
    if let Some(data) = shown.get_mut("data").filter(|_| object.kind == Kind::Secret) {
        let secret: Secret = serde_json::from_value(object.object.clone()).unwrap();
        let texts = secret.data.unwrap().into_iter();
        *data = texts.map(|(key, value)| (key, json!(String::from_utf8(value.0).unwrap()))).collect();
    }
    serde_saphyr::to_string(&shown).unwrap()
}

#[test]
fn every_fixture_becomes_what_is_recorded() {
    hold::<RegistryCache>(["caches", "cache.yaml", RECORD], 3, |cache| objects(&config(), cache), shown);
}

fn cache(spec: &Value) -> RegistryCache {
    serde_json::from_value(json!({"metadata": {"name": "hub", "uid": "u"}, "spec": spec})).unwrap()
}

fn pod(spec: &Value) -> Value {
    let pods = objects(&config(), &cache(spec)).pop().unwrap();
    pods.object["spec"]["template"]["spec"].clone()
}

/// The names of the volumes that a container has.
fn mounted(container: &Value) -> Vec<&str> {
    let mounts = container["volumeMounts"].as_array().unwrap();
    mounts.iter().map(|mount| mount["name"].as_str().unwrap()).collect()
}

/// Whoever takes over the registry has no key and no account, and cannot change the program that it runs.
#[test]
fn the_container_of_the_registry_has_neither_keys_nor_an_account() {
    let pod = pod(&json!({"upstream": "docker.io", "secretReferenceName": "v1"}));
    assert_eq!(pod["automountServiceAccountToken"], false);
    let registry = &pod["containers"][0];
    assert_eq!(registry["name"], "registry");
    assert_eq!(mounted(registry), ["cache-volume", "config", "helper", "socket"]);
    let mounts = registry["volumeMounts"].as_array().unwrap();
    assert!(mounts[1..].iter().all(|mount| mount["readOnly"] == true));
    assert_eq!(mounted(&pod["containers"][1]), ["tls", "token-authority", "account", "socket"]);
    assert_eq!(mounted(&pod["initContainers"][0]), ["helper"]);
}

#[test]
fn a_cache_without_credentials_has_no_account() {
    let pod = pod(&json!({"upstream": "docker.io"}));
    assert_eq!(pod.get("serviceAccountName"), None);
    assert_eq!(pod.get("initContainers"), None);
    assert_eq!(mounted(&pod["containers"][1]), ["tls"]);
}

#[test]
fn caches_that_hibernate_have_no_pods_and_keep_their_volumes() {
    let config = Config { hibernated: true, ..config() };
    let cache = cache(&json!({"upstream": "docker.io", "highAvailability": {"enabled": true}}));
    let pods = objects(&config, &cache).pop().unwrap().object;
    assert_eq!(pods["spec"]["replicas"], 0);
    assert_eq!(pods["spec"]["persistentVolumeClaimRetentionPolicy"]["whenScaled"], "Retain");
}

#[test]
fn other_authorities_have_another_secret() {
    let (config, cache) = (config(), cache(&json!({"upstream": "docker.io", "secretReferenceName": "v1"})));
    let instance = Instance::of(&config, &cache).unwrap();
    let name = |tokens, remote| config_secret(&instance, Trusted { tokens, remote }).name;
    let names = [name("A", None), name("B", None), name("A", Some("C"))];
    assert!(names.iter().all(|name| name.starts_with("registry-docker-io-config-")), "{names:?}");
    assert!(names[0] != names[1] && names[0] != names[2] && names[1] != names[2]);
    assert_eq!(name("A", None), names[0]);
}

#[test]
fn who_may_pull_follows_from_credentials_and_tls() {
    let access = |spec: Value| {
        let config = config();
        Instance::of(&config, &cache(&spec)).unwrap().access()
    };
    assert_eq!(access(json!({"upstream": "a.b"})), Access::Open);
    assert_eq!(access(json!({"upstream": "a.b", "secretReferenceName": "v1"})), Access::Authorize);
    let plain = json!({"upstream": "a.b", "secretReferenceName": "v1", "http": {"tls": false}});
    assert_eq!(access(plain), Access::Open);
    let open = json!({"upstream": "a.b", "secretReferenceName": "v1", "access": "Open"});
    assert_eq!(access(open), Access::Open);
    assert_eq!(access(json!({"upstream": "a.b", "access": "Authorize"})), Access::Authorize);
}

#[test]
fn an_endpoint_has_the_address_of_the_service() {
    let (config, cache) = (config(), cache(&json!({"upstream": "docker.io"})));
    let instance = Instance::of(&config, &cache).unwrap();
    let endpoint = |address: &str| instance.endpoint(Some(&json!({"spec": {"clusterIP": address}})));
    assert_eq!(endpoint("10.0.0.1").as_deref(), Some("https://10.0.0.1:5000"));
    assert_eq!(endpoint("fd00::1").as_deref(), Some("https://[fd00::1]:5000"));
    assert_eq!((endpoint("None"), instance.endpoint(None)), (None, None));
    assert_eq!(instance.remote_url(), "https://registry-1.docker.io");
}

#[test]
fn a_version_replaces_the_tag_of_the_image() {
    let image = |image: &str| {
        let config = Config { registry_image: image.to_owned(), ..config() };
        Instance::of(&config, &cache(&json!({"upstream": "a.b", "registryVersion": "3.1.3"})))
            .unwrap()
            .image()
    };
    assert_eq!(image("docker.io/library/registry:3.1.2"), "docker.io/library/registry:3.1.3");
    assert_eq!(image("mirror:5000/registry"), "mirror:5000/registry:3.1.3");
    assert_eq!(image("mirror:5000/registry:3.1.2@sha256:1be5"), "mirror:5000/registry:3.1.3");
}
