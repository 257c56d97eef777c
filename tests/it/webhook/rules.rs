//! The rules and their examples: `check` finds in each wrong example the rule that it is of, and nothing in the right one.

use policy::Rule;
use policy::rule::Topic;
use serde_json::{Value, json};

use crate::harness::cli::piped;

/// It warns of what one of the files lacks that the webhook writes: the example does nothing wrong.
const OF_A_FORMAT: &str = "older-configuration";
const REGISTRY_LABEL: &str = "serverless.kyma-project.io/remote-registry";
const REGISTRIES_LABEL: &str = "serverless.kyma-project.io/container-registries";

const HASH: &str = "$2a$10$fVH8e28OQRj9tqiDXs1e1uxpsjN0c7II7YPKXua2NAKYvM6iQk7dq";

fn of_registries(kind: &str, spec: &Value) -> Value {
    json!({"apiVersion": "registry.mgoltzsche.github.com/v1alpha1", "kind": kind, "metadata": {"name": "demo"}, "spec": spec})
}

/// A valid manifest, but for the part that an example shows.
fn manifest(topic: Topic, namespace: &str, part: &str) -> Value {
    let api_version = "serverless.kyma-project.io/v1alpha1";
    let mut manifest = match topic {
        // Its examples are values.
        Topic::ContainerRegistries => {
            return json!({
                "apiVersion": "v1", "kind": "Secret", "stringData": {"values": part},
                "metadata": {"name": "registries", "namespace": namespace, "labels": {REGISTRIES_LABEL: "config"}},
            });
        }
        Topic::GitRepository => {
            json!({"apiVersion": api_version, "kind": "GitRepository", "metadata": {"name": "demo"}, "spec": {"url": "https://h/r.git"}})
        }
        Topic::ImageRegistry => of_registries(
            "ImageRegistry",
            &json!({"persistentVolumeClaim": {"resources": {"requests": {"storage": "1Gi"}}}}),
        ),
        Topic::ImageRegistryAccount => of_registries("ImageRegistryAccount", &json!({"password": HASH})),
        Topic::ImageSecret => of_registries("ImagePushSecret", &json!({})),
        Topic::ImageBuildEnv => of_registries("ImageBuildEnv", &json!({"secrets": [{"secretName": "a"}]})),
        Topic::RegistrySecret => json!({
            "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
            "metadata": {"name": "serverless-registry-config", "labels": {REGISTRY_LABEL: "config"}},
            "stringData": {"username": "u", "password": "p", "serverAddress": "h", "registryAddress": "h.example.com"},
        }),
        Topic::RegistryCache => {
            json!({"apiVersion": api_version, "kind": "RegistryCache", "metadata": {"name": namespace}, "spec": {"upstream": format!("{namespace}.example.com")}})
        }
        Topic::UpstreamCredentials => json!({
            "apiVersion": "v1", "kind": "Secret", "immutable": true,
            "metadata": {"name": "hub-v1", "labels": {"serverless.kyma-project.io/upstream-credentials": "config"}},
            "stringData": {"username": "u", "password": "p"},
        }),
        Topic::Gardener => {
            let mut config = json!({"apiVersion": "registry.extensions.gardener.cloud/v1alpha3", "kind": "RegistryConfig"});
            json_patch::merge(&mut config, &serde_saphyr::from_str(part).unwrap());
            return json!({
                "apiVersion": "core.gardener.cloud/v1beta1", "kind": "Shoot",
                "metadata": {"name": "demo", "namespace": namespace},
                "spec": {"extensions": [{"type": "registry-cache", "providerConfig": config}]},
            });
        }
        Topic::Object | Topic::Function | Topic::Input => {
            json!({"apiVersion": api_version, "kind": "Function", "metadata": {"name": "demo"}, "spec": {"source": "x", "runtime": "nodejs22"}})
        }
    };
    let part: Value = serde_saphyr::from_str(part).unwrap();
    // What the author encodes is not written in clear, too.
    for key in part["data"].as_object().into_iter().flatten().map(|(key, _)| key) {
        manifest["stringData"].as_object_mut().unwrap().remove(key);
    }
    json_patch::merge(&mut manifest, &part);
    manifest["metadata"]["namespace"] = namespace.into();
    manifest
}

#[test]
fn each_wrong_example_breaks_its_rule_and_each_right_one_keeps_all() {
    let examples: Vec<_> =
        Rule::ALL.iter().filter_map(|rule| Some((rule, rule.text().topic, rule.text().example?))).collect();
    assert!(examples.len() >= 60, "only {} rules have an example", examples.len());
    let manifests: String = examples
        .iter()
        .flat_map(|(rule, topic, example)| {
            [
                manifest(*topic, &format!("{rule}-wrong"), example.wrong),
                manifest(*topic, &format!("{rule}-right"), example.right),
            ]
        })
        .map(|manifest| manifest.to_string() + "\n")
        .collect();
    let (_, text, _) = piped(&["check", "--output", "json", "-"], &manifests);
    let report: Value = serde_json::from_str(&text).unwrap();
    let items = report["items"].as_array().unwrap();
    assert_eq!(items.len(), 2 * examples.len());
    let rules = |item: &Value| -> Vec<String> {
        let found = ["findings", "warnings"].into_iter().flat_map(|list| item[list].as_array().unwrap());
        found.map(|found| found["rule"].as_str().unwrap().to_owned()).collect()
    };
    let mut wrong = Vec::new();
    // Those that refer to Secrets come last. A cache is in no namespace, and is named after its rule.
    let of = |name: String| {
        let is_it = |item: &&Value| item["namespace"] == name.as_str() || item["name"] == name.as_str();
        rules(items.iter().find(is_it).unwrap())
    };
    for (rule, ..) in &examples {
        let (broken, mut kept) = (of(format!("{rule}-wrong")), of(format!("{rule}-right")));
        kept.retain(|kept| kept != OF_A_FORMAT || rule.id() == OF_A_FORMAT);
        if !broken.contains(&rule.to_string()) || !kept.is_empty() {
            wrong.push(format!("{rule}: the wrong example breaks {broken:?}, the right one {kept:?}"));
        }
    }
    assert_eq!(wrong, [""; 0]);
}
