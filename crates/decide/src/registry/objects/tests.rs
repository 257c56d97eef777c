//! What registries become, as recorded in `fixtures/registries`. `RECORD_REGISTRIES=1` records it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use api::registry::ImageRegistry;

use super::*;
use crate::recorded::hold;
use crate::registry::instance::Config;
use crate::registry::rules::Rules;

/// The variable by which objects are recorded instead.
const RECORD: &str = "RECORD_REGISTRIES";

fn objects(registry: &ImageRegistry) -> Vec<Wanted> {
    let config = Config {
        zone: "svc.cluster.local".to_owned(),
        registry_image: "docker.io/library/registry:3.1.2".to_owned(),
        gateway_image: "serverless-registry:0.2.0".to_owned(),
    };
    let instance = Instance::of(&config, registry).unwrap();
    let rules = if instance.rules_map().is_some() { Rules::File("acl: []\n") } else { instance.policy() };
    let mut objects = foundation(&instance, None);
    objects.push(config_map(&instance, rules, "PEM"));
    objects.push(stateful_set(&instance, Pods { rules, trusted: "PEM" }));
    objects
}

#[test]
fn every_fixture_becomes_what_is_recorded() {
    hold::<ImageRegistry>(["registries", "registry.yaml", RECORD], 3, objects, |object| {
        serde_saphyr::to_string(&object.object).unwrap()
    });
}

/// Whoever takes over the registry cannot sign tokens, and has no account.
#[test]
fn the_container_of_the_registry_has_neither_the_key_nor_an_account() {
    let registry = serde_json::json!({
        "metadata": {"name": "registry", "namespace": "infra", "uid": "u"},
        "spec": {"storage": {"s3": {"bucket": "b", "region": "r", "secretName": "s3"}}},
    });
    let registry: ImageRegistry = serde_json::from_value(registry).unwrap();
    let pods = objects(&registry).pop().unwrap().object;
    let pod = &pods["spec"]["template"]["spec"];
    assert_eq!(pod["automountServiceAccountToken"], false);
    let mounts = pod["containers"][0]["volumeMounts"].as_array().unwrap();
    let mounted: Vec<_> = mounts.iter().map(|mount| mount["name"].as_str().unwrap()).collect();
    assert_eq!(mounted, ["config"]);
    let volumes = pod["volumes"].as_array().unwrap();
    let config = volumes.iter().find(|volume| volume["name"] == "config").unwrap();
    assert_eq!(config["configMap"]["name"], "imageregistry-registry");
    let env = pod["containers"][0]["env"].as_array().unwrap();
    let secrets: Vec<_> =
        env.iter().filter_map(|env| env.pointer("/valueFrom/secretKeyRef/name")?.as_str()).collect();
    assert_eq!(secrets, ["imageregistry-registry-keys", "s3", "s3"]);
}
