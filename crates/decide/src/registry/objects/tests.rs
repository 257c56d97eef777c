//! What registries become, as recorded in `fixtures/registries`. `RECORD_REGISTRIES=1` records it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use api::registry::ImageRegistry;
use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolumeClaim, Service, ServiceAccount};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::*;
use crate::Kind;
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
    let mut objects = foundation(&instance);
    objects.push(config_map(&instance, rules, "PEM"));
    objects.push(stateful_set(&instance, Pods { rules, trusted: "PEM" }));
    objects
}

/// Nothing is lost in the type of an object: no field has a name or a form that Kubernetes does not know.
fn is_of_its_type(object: &Wanted) {
    fn same<T: DeserializeOwned + Serialize>(object: &Value) {
        let typed: T = serde_json::from_value(object.clone()).unwrap();
        assert_eq!(serde_json::to_value(typed).unwrap(), *object);
    }
    let same = match object.kind {
        Kind::ServiceAccount => same::<ServiceAccount>,
        Kind::Role => same::<Role>,
        Kind::RoleBinding => same::<RoleBinding>,
        Kind::Service => same::<Service>,
        Kind::NetworkPolicy => same::<NetworkPolicy>,
        Kind::PersistentVolumeClaim => same::<PersistentVolumeClaim>,
        Kind::PodDisruptionBudget => same::<PodDisruptionBudget>,
        Kind::ConfigMap => same::<ConfigMap>,
        Kind::StatefulSet => same::<StatefulSet>,
        // There is no type of cert-manager.
        Kind::Certificate => return,
        other => unreachable!("{other}"),
    };
    same(&object.object);
}

#[test]
fn every_fixture_becomes_what_is_recorded() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/registries");
    let mut count = 0;
    for case in std::fs::read_dir(root).unwrap() {
        let case = case.unwrap().path();
        let registry = std::fs::read_to_string(case.join("registry.yaml")).unwrap();
        let registry: ImageRegistry = serde_saphyr::from_str(&registry).unwrap();
        let objects = objects(&registry);
        objects.iter().for_each(is_of_its_type);
        let made: Vec<_> =
            objects.iter().map(|object| serde_saphyr::to_string(&object.object).unwrap()).collect();
        let made = format!("---\n{}", made.join("---\n"));
        let recorded = case.join("objects.yaml");
        if std::env::var_os(RECORD).is_some() {
            std::fs::write(&recorded, &made).unwrap();
        }
        assert_eq!(made, std::fs::read_to_string(recorded).unwrap(), "{}", case.display());
        count += 1;
    }
    assert!(count >= 3, "only {count} fixtures");
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
