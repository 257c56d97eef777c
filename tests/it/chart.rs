//! The chart and kustomize, as they are rendered, without a cluster.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

use crate::cluster::{Printed, piped};

const NAMESPACE: &str = "kyma-system";

fn tool(name: &str, words: &str) -> Printed {
    let mut command = Command::new(testenv::assets().unwrap().join(name));
    command.args(words.split_whitespace()).current_dir(testenv::root());
    piped(command, "")
}

fn objects(yaml: &str) -> Vec<Value> {
    let objects: Vec<Value> = serde_saphyr::from_multiple(yaml).unwrap();
    objects.into_iter().filter(|object| !object.is_null()).collect()
}

fn object(yaml: &str, kind: &str, name: &str) -> Value {
    let is_meant = |object: &Value| object["kind"] == kind && object["metadata"]["name"] == name;
    objects(yaml).into_iter().find(is_meant).unwrap()
}

/// Objects by kind and name, without what differs between kustomize and Helm on purpose.
fn comparable(yaml: &str) -> BTreeMap<String, Value> {
    let strip = |mut object: Value| {
        let metadata = object["metadata"].as_object_mut().unwrap();
        metadata.remove("labels");
        metadata.remove("annotations");
        if let Some(pod) = object.pointer_mut("/spec/template/metadata") {
            pod["labels"] = Value::Null;
            // The chart has the controller started anew when its configuration changes.
            pod.as_object_mut().unwrap().remove("annotations");
        }
        if let Some(container) = object.pointer_mut("/spec/template/spec/containers/0") {
            container.as_object_mut().unwrap().remove("imagePullPolicy");
        }
        for volumes in ["/spec/template/spec/volumes", "/spec/template/spec/containers/0/volumeMounts"] {
            if let Some(Value::Array(volumes)) = object.pointer_mut(volumes) {
                volumes.sort_by_key(|volume| volume["name"].as_str().map(str::to_owned));
            }
        }
        let name =
            format!("{} {}", object["kind"].as_str().unwrap(), object["metadata"]["name"].as_str().unwrap());
        (name, object)
    };
    objects(yaml).into_iter().map(strip).filter(|(name, _)| name != "Namespace kyma-system").collect()
}

#[test]
fn kustomize_and_the_chart_install_the_same() {
    for (overlay, mode) in
        [("manifests", ""), ("manifests/cert-manager", "--set webhook.certificates.mode=cert-manager")]
    {
        let plain = tool("kubectl", &format!("kustomize {overlay}")).unwrap();
        let chart =
            tool("helm", &format!("template serverless manifests/chart --namespace {NAMESPACE} {mode}"))
                .unwrap();
        let (plain, chart) = (comparable(&plain), comparable(&chart));
        assert!(plain.keys().eq(chart.keys()), "{overlay}: {:?} {:?}", plain.keys(), chart.keys());
        for (name, object) in plain {
            assert_eq!(object, chart[&name], "{overlay}: {name}");
        }
    }
}

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
        ("containers.manager.envs.functionBuilds.value=1", "'functionBuilds'"),
    ] {
        let printed = tool("helm", &format!("template serverless manifests/chart --set {set}"));
        assert!(!printed.ok && printed.err.contains(text), "{set}: {}", printed.err);
    }
}

/// A section that users of the reference chart have is taken as it is, and the webhook can read it.
#[test]
fn values_of_the_reference_chart_reach_the_webhook() {
    let values = "webhook.values.function.resources.minRequestCpu=20m,webhook.values.buildJob.resources.defaultPreset=fast";
    let rendered = tool("helm", &format!("template serverless manifests/chart --set {values}")).unwrap();
    let map = object(&rendered, "ConfigMap", "serverless-webhook");
    let text = map["data"]["webhook.yaml"].as_str().unwrap();
    let config =
        serverless_webhook::config::parse(Some((std::path::Path::new("webhook.yaml"), text)), |_| None)
            .unwrap();
    assert_eq!(config.function.min_cpu.to_string(), "20m");
}

fn variables_of_the_controller(rendered: &str) -> Vec<Value> {
    let deployment = object(rendered, "Deployment", "serverless-controller");
    deployment.pointer("/spec/template/spec/containers/0/env").unwrap().as_array().unwrap().clone()
}

/// So do those of the controller: as its configuration, and by the names of the reference chart in its environment.
#[test]
fn values_reach_the_controller() {
    let values =
        "controller.values.build.retry=1m,containers.manager.envs.functionBuildMaxSimultaneousJobs.value=7";
    let rendered = tool("helm", &format!("template serverless manifests/chart --set {values}")).unwrap();
    let map = object(&rendered, "ConfigMap", "serverless-controller");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), map["data"]["controller.yaml"].as_str().unwrap()).unwrap();
    let variables = variables_of_the_controller(&rendered);
    let variable = |name: &str| {
        let found = variables.iter().find(|variable| variable["name"] == name)?;
        found["value"].as_str().map(str::to_owned)
    };
    let config = controller::config::load(Some(file.path()), variable).unwrap();
    assert_eq!(config.build_retry, Some(std::time::Duration::from_mins(1)));
    assert_eq!(config.max_builds, 7);
}

/// Private authorities are read from where they are mounted.
#[test]
fn authorities_are_mounted_where_the_controller_looks() {
    let values = "controller.authorities.configMap=ours";
    let rendered = tool("helm", &format!("template serverless manifests/chart --set {values}")).unwrap();
    let deployment = object(&rendered, "Deployment", "serverless-controller");
    let pod = deployment.pointer("/spec/template/spec").unwrap();
    let is_authorities = |named: &&Value| named["name"] == "authorities";
    let volume = pod["volumes"].as_array().unwrap().iter().find(is_authorities).unwrap();
    assert_eq!(volume["configMap"]["name"], "ours");
    let mounts = pod.pointer("/containers/0/volumeMounts").unwrap().as_array().unwrap();
    let mount = mounts.iter().find(is_authorities).unwrap();
    let variables = variables_of_the_controller(&rendered);
    let folder = variables.iter().find(|variable| variable["name"] == "SSL_CERT_DIR").unwrap();
    assert_eq!(mount["mountPath"], folder["value"]);
}

/// Every setting that the schema lets in is a variable that the controller knows.
#[test]
fn the_schema_knows_the_variables_of_the_controller() {
    let schema = std::fs::read_to_string(testenv::root().join("manifests/chart/values.schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let names = "/properties/containers/properties/manager/properties/envs/propertyNames/enum";
    let names: Vec<_> =
        schema.pointer(names).unwrap().as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let sets = names.iter().map(|name| format!("--set containers.manager.envs.{name}.value=x"));
    let sets = sets.collect::<Vec<_>>().join(" ");
    let rendered = tool("helm", &format!("template serverless manifests/chart {sets}")).unwrap();
    let variables = variables_of_the_controller(&rendered);
    let set: Vec<_> = variables.iter().filter_map(|variable| variable["name"].as_str()).collect();
    let known: Vec<_> = controller::config::env_names().map(|(name, _)| name).collect();
    assert_eq!(set.len(), names.len() + 1);
    for name in set.iter().filter(|name| **name != "POD_NAMESPACE") {
        assert!(known.contains(name), "{name} is none of {known:?}");
    }
}
