//! Which values the chart accepts, which it refuses, and how they reach the programs.

use std::time::Duration;

use decide::function::Engine;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{controller_config, object, render, tool, variables_of_the_controller};

#[test]
fn the_chart_is_linted_and_refuses_values_that_mean_nothing() {
    let printed = tool("helm", "lint --strict manifests/chart").unwrap();
    assert!(printed.contains("1 chart(s) linted, 0 chart(s) failed"), "{printed}");
    for (set, text) in [
        (
            "webhook.values.function.replica.min=1",
            "- at '/webhook/values/function': additional properties 'replica' not allowed",
        ),
        (
            "webhook.certificates.mode=none",
            "- at '/webhook/certificates/mode': value must be one of 'self-managed', 'cert-manager', 'secret'",
        ),
        (
            "webhook.certificates.mode=secret",
            "- at '/webhook/certificates/caBundle': minLength: got 0, want 1",
        ),
        ("webhook.replicas=0", "- at '/webhook/replicas': minimum: got 0, want 1"),
        (
            "controller.values.buidl.retry=1m",
            "- at '/controller/values': additional properties 'buidl' not allowed",
        ),
        (
            "controller.values.build.retries=1m",
            "- at '/controller/values/build': additional properties 'retries' not allowed",
        ),
        (
            "controller.values.build.engine=docker",
            "- at '/controller/values/build/engine': value must be one of 'buildkit', 'buildkit-rootless', 'kaniko'",
        ),
        (
            "controller.values.git.hostKeys=any",
            "- at '/controller/values/git/hostKeys': value must be one of 'accept-new', 'strict'",
        ),
        (
            "containers.manager.envs.typo.value=1",
            "- at '/containers/manager/envs': additional properties 'typo' not allowed",
        ),
        (
            "controller.networkPolicy.extraPorts={0}",
            "- at '/controller/networkPolicy/extraPorts/0': minimum: got 0, want 1",
        ),
        ("webhook.image.digest=latest", "- at '/webhook/image/digest': 'latest' does not match pattern"),
        (
            "webhook.networkPolicy.extraPorts={1}",
            "- at '/webhook/networkPolicy': additional properties 'extraPorts' not allowed",
        ),
        (
            "controller.affinity.podAffinty.x=1",
            "- at '/controller/affinity': additional properties 'podAffinty' not allowed",
        ),
        (
            "nodeAgent.credentials=plain",
            "- at '/nodeAgent/credentials': value must be one of 'headers', 'provider'",
        ),
        ("nodeAgent.hostsDir=certs.d", "- at '/nodeAgent/hostsDir': 'certs.d' does not match pattern"),
        ("fullnameOverride=Ours", "- at '/fullnameOverride': 'Ours' does not match pattern"),
    ] {
        let printed = tool("helm", &format!("template serverless manifests/chart --set {set}"));
        assert!(!printed.ok && printed.err.contains(text), "{set}: {}", printed.err);
    }
}

/// A section of the reference chart is accepted unchanged, and the webhook can read it.
#[test]
fn values_of_the_reference_chart_reach_the_webhook() {
    let values = [
        "webhook.values.function.resources.minRequestCpu=20m",
        "webhook.values.buildJob.resources.defaultPreset=fast",
        // A value for the Pods of the reference chart: it has no effect here.
        "webhook.values.deployment.resources.requests.cpu=30m",
    ];
    let rendered = render(&format!("--set {}", values.join(",")));
    let map = object(&rendered, "ConfigMap", "serverless-webhook");
    let text = map["data"]["webhook.yaml"].as_str().unwrap();
    let config =
        serverless_webhook::config::parse(Some((std::path::Path::new("webhook.yaml"), text)), |_| None)
            .unwrap();
    assert_eq!(config.function.min_cpu.to_string(), "20m");
}

/// Settings of the controller reach its configuration, and those with the names of the reference chart its environment.
#[test]
fn values_reach_the_controller() {
    let values = [
        "controller.values.build.retry=1m",
        "controller.values.build.engine=kaniko",
        "controller.values.build.cache=false",
        "controller.values.registryCheck.enabled=false",
        "controller.values.propagation.excludedNamespaces={x}",
        "containers.manager.envs.functionBuildMaxSimultaneousJobs.value=7",
    ];
    let rendered = render(&format!("--set {}", values.join(",")));
    let variables = variables_of_the_controller(&rendered);
    let variable = |name: &str| {
        let found = variables.iter().find(|variable| variable["name"] == name)?;
        found["value"].as_str().map(str::to_owned)
    };
    let config = controller_config(&rendered, variable);
    assert_eq!(config.functions.build_retry, Some(Duration::from_mins(1)));
    assert_eq!(config.max_builds, 7);
    assert_eq!((config.functions.engine, config.functions.build_cache), (Engine::Kaniko, false));
    assert!(!config.registry_check);
    assert_eq!(config.propagation.excluded_namespaces, ["x".to_owned()].into());
}

/// Accounts and runtimes are in the namespace of the release, so the controller copies from there.
#[test]
fn the_base_namespace_is_that_of_the_release_unless_another_one_is_named() {
    let named = "--set controller.values.propagation.baseNamespace=base";
    for (flags, base) in [("-n serverless", "serverless"), (&format!("-n serverless {named}"), "base")] {
        let rendered = render(flags);
        assert_eq!(controller_config(&rendered, |_| None).propagation.base_namespace, base, "{flags}");
        let cleanup = object(&rendered, "Job", "serverless-cleanup");
        let args = cleanup.pointer("/spec/template/spec/containers/0/args").unwrap();
        assert_eq!(args[2], format!("--base-namespace={base}"), "{flags}");
        let account = object(&rendered, "ServiceAccount", "serverless-function");
        assert_eq!(account["metadata"]["namespace"], "serverless", "{flags}");
    }
}

/// The controller supports a variable for every setting that the schema allows.
#[test]
fn the_schema_knows_the_variables_of_the_controller() {
    let schema = schema();
    let names = "/properties/containers/properties/manager/properties/envs/properties";
    let names: Vec<_> = schema.pointer(names).unwrap().as_object().unwrap().keys().collect();
    let sets = names.iter().map(|name| format!("--set containers.manager.envs.{name}.value=x"));
    let rendered = render(&sets.collect::<Vec<_>>().join(" "));
    let variables = variables_of_the_controller(&rendered);
    let set: Vec<_> = variables.iter().filter_map(|variable| variable["name"].as_str()).collect();
    let known: Vec<_> = controller::config::SETTINGS.names().map(|(name, _)| name).collect();
    assert_eq!(set.len(), names.len() + 1);
    for name in set.iter().filter(|name| **name != "POD_NAMESPACE") {
        assert!(known.contains(name), "{name} is none of {known:?}");
    }
}

/// The schema has exactly the keys that a program accepts in its configuration.
#[test]
fn the_schema_knows_every_key_of_both_configurations() {
    let schema = schema();
    let at = |path: &str| schema.pointer(path).unwrap();
    let webhook = "/properties/webhook/properties/values";
    let keys = compare::<policy::config::RawConfig>(&schema, at(webhook), &mut Vec::new());
    assert!(keys >= 20, "{keys}");
    let controller = "/properties/controller/properties/values";
    let keys = compare::<controller::config::RawConfig>(&schema, at(controller), &mut Vec::new());
    assert!(keys >= 30, "{keys}");
}

fn schema() -> Value {
    let file = testenv::root().join("manifests/chart/values.schema.json");
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

/// Compares the keys below a path of a configuration with those of a schema. Returns their number.
fn compare<T: DeserializeOwned>(root: &Value, schema: &Value, path: &mut Vec<String>) -> usize {
    let schema = match schema["$ref"].as_str() {
        Some(reference) => root.pointer(reference.trim_start_matches('#')).unwrap(),
        None => schema,
    };
    let members = members::<T>(path);
    if members.is_empty() {
        let Some(entry) = schema["additionalProperties"].as_object() else {
            assert_eq!(schema["properties"], Value::Null, "{path:?}");
            return 0;
        };
        path.push("any".to_owned());
        let keys = compare::<T>(root, &Value::Object(entry.clone()), path);
        path.pop();
        return keys;
    }
    let properties = schema["properties"].as_object().unwrap_or_else(|| panic!("{path:?}: {members:?}"));
    let mut known: Vec<_> = properties.keys().cloned().collect();
    let mut sorted = members.clone();
    known.sort();
    sorted.sort();
    assert_eq!((known, &schema["additionalProperties"]), (sorted, &json!(false)), "{path:?}");
    let mut keys = members.len();
    for member in members {
        let below = properties[&member].clone();
        path.push(member);
        keys += compare::<T>(root, &below, path);
        path.pop();
    }
    keys
}

/// The keys that a configuration accepts at a path, from its error for an unknown key. Empty if it is not a struct.
fn members<T: DeserializeOwned>(path: &[String]) -> Vec<String> {
    let wrong = path.iter().rev().fold(json!({"?": 0}), |below, key| json!({key: below}));
    let error = serde_json::from_value::<T>(wrong).err().map(|error| error.to_string()).unwrap_or_default();
    let expected = error.strip_prefix("unknown field `?`, expected ").unwrap_or_default();
    expected.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}
