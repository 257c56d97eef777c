//! The output of the chart and of kustomize, without a cluster.

mod documented;
mod names;
mod node_agent;
mod probe;
mod shoots;
mod values;

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::{Value, json};

use crate::harness::command::{Printed, piped};

const NAMESPACE: &str = "kyma-system";

fn tool(name: &str, words: &str) -> Printed {
    let mut command = Command::new(testenv::assets().unwrap().join(name));
    command.args(words.split_whitespace()).current_dir(testenv::root());
    piped(command, "")
}

/// Renders the chart with some flags of `helm template`.
fn render(flags: &str) -> String {
    tool("helm", &format!("template serverless manifests/chart {flags}")).unwrap()
}

/// Reads the configuration in a rendered chart, as the controller does.
fn controller_config(
    rendered: &str,
    variable: impl Fn(&str) -> Option<String>,
) -> controller::config::Config {
    let map = object(rendered, "ConfigMap", "serverless-controller");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), map["data"]["controller.yaml"].as_str().unwrap()).unwrap();
    controller::config::load(Some(file.path()), variable).unwrap()
}

fn objects(yaml: &str) -> Vec<Value> {
    let objects: Vec<Value> = serde_saphyr::from_multiple(yaml).unwrap();
    objects.into_iter().filter(|object| !object.is_null()).collect()
}

fn object(yaml: &str, kind: &str, name: &str) -> Value {
    let is_meant = |object: &Value| object["kind"] == kind && object["metadata"]["name"] == name;
    objects(yaml).into_iter().find(is_meant).unwrap()
}

/// Objects by kind and name, without intended differences between kustomize and Helm.
fn comparable(yaml: &str) -> BTreeMap<String, Value> {
    let strip = |mut object: Value| {
        let metadata = object["metadata"].as_object_mut().unwrap();
        metadata.remove("labels");
        metadata.remove("annotations");
        if let Some(pod) = object.pointer_mut("/spec/template/metadata") {
            pod["labels"] = Value::Null;
            // With this annotation, a change of the configuration restarts the controller.
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
    objects(yaml).into_iter().map(strip).collect()
}

#[test]
fn kustomize_and_the_chart_install_the_same() {
    let built = |folder| tool("kubectl", &format!("kustomize manifests/{folder}")).unwrap();
    // kustomize has the CRDs and the agent of nodes in separate folders.
    let (crds, agent) = (built("crds"), built("node-agent"));
    for (overlay, mode, more) in [
        ("manifests", "", ""),
        ("manifests/cert-manager", "--set webhook.certificates.mode=cert-manager", ""),
        ("manifests", "--set nodeAgent.enabled=true", agent.as_str()),
    ] {
        let plain = tool("kubectl", &format!("kustomize {overlay}")).unwrap();
        let chart = tool(
            "helm",
            &format!("template serverless manifests/chart --no-hooks --namespace {NAMESPACE} {mode}"),
        )
        .unwrap();
        let plain = format!("{plain}\n---\n{crds}\n---\n{more}");
        let (plain, chart) = (comparable(&plain), comparable(&chart));
        assert!(plain.keys().eq(chart.keys()), "{overlay}: {:?} {:?}", plain.keys(), chart.keys());
        for (name, object) in plain {
            assert_eq!(object, chart[&name], "{overlay}: {name}");
        }
    }
}

fn variables_of_the_controller(rendered: &str) -> Vec<Value> {
    let deployment = object(rendered, "Deployment", "serverless-controller");
    deployment.pointer("/spec/template/spec/containers/0/env").unwrap().as_array().unwrap().clone()
}

/// The variable for private authorities names the folder where they are mounted.
#[test]
fn authorities_are_mounted_where_the_controller_looks() {
    let values = "controller.authorities.configMap=ours";
    let rendered = render(&format!("--set {values}"));
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

/// All images can be pinned by digest: those of the product, and those of builds.
#[test]
fn images_run_by_their_digests() {
    let digest = format!("sha256:{}", "0a".repeat(32));
    let programs = ["webhook", "controller", "nodeAgent"];
    let values = programs.map(|program| format!("{program}.image.digest={digest}")).join(",");
    let values = format!("nodeAgent.enabled=true,{values}");
    let rendered = render(&format!("--set {values}"));
    for (kind, name, image) in [
        ("Deployment", "serverless-webhook", "serverless-webhook"),
        ("Deployment", "serverless-controller", "serverless-controller"),
        ("Job", "serverless-cleanup", "serverless-controller"),
        ("DaemonSet", "serverless-node-agent", "serverless-node-agent"),
    ] {
        let object = object(&rendered, kind, name);
        let found = object.pointer("/spec/template/spec/containers/0/image").unwrap();
        assert_eq!(found, &format!("{image}:0.2.0@{digest}"), "{kind} {name}");
    }
    let pinned = |name: &str| format!("registry.example.com/{name}@{digest}");
    let (executor, fetcher, base) = (pinned("executor"), pinned("fetcher"), pinned("node"));
    let values = format!(
        "controller.values.build.engine=buildkit,controller.values.build.executorImage={executor},controller.values.build.fetcherImage={fetcher},\
         controller.values.runtimes.nodejs12.baseImage={base}"
    );
    let rendered = render(&format!("--set {values}"));
    let config = controller_config(&rendered, |_| None);
    assert_eq!((config.functions.executor_image, config.functions.fetcher_image), (executor, fetcher));
    assert_eq!(config.functions.runtimes["nodejs12"].base_image, Some(base));
}

fn network_policy(values: &str, name: &str) -> Value {
    object(&render(values), "NetworkPolicy", name)["spec"].clone()
}

/// Only listed peers reach the metrics port, and the controller reaches added ports, but no link-local address.
#[test]
fn network_policies_admit_who_is_named_and_ports_that_are_added() {
    let metrics = json!([{"namespaceSelector": {"matchLabels": {"metrics": "enabled"}}}]);
    let ports = |rule: &Value| {
        let ports = rule["ports"].as_array().unwrap().iter();
        ports.map(|port| port["port"].clone()).collect::<Vec<_>>()
    };
    for name in ["serverless-webhook", "serverless-controller"] {
        let policy = network_policy("", name);
        let ingress = policy["ingress"].as_array().unwrap();
        let of_admin: Vec<_> = ingress.iter().filter(|rule| ports(rule).contains(&json!("admin"))).collect();
        assert_eq!(of_admin.len(), 1, "{name}");
        assert_eq!(of_admin[0]["from"], metrics, "{name}");
    }
    for name in ["serverless-webhook", "serverless-controller"] {
        let program = name.trim_start_matches("serverless-");
        let values = format!("--set {program}.networkPolicy.apiServerPorts={{16443}}");
        let to_api_server = ports(&network_policy(&values, name)["egress"][0]);
        assert!(to_api_server.contains(&json!(16443)) && !to_api_server.contains(&json!(443)), "{name}");
    }
    let extended =
        network_policy("--set controller.networkPolicy.extraPorts={5000,3000}", "serverless-controller");
    let rule = &extended["egress"][1];
    assert_eq!(ports(rule), [80, 22, 9418, 5000, 3000].map(Value::from));
    assert_eq!(rule["to"][1]["ipBlock"], json!({"cidr": "0.0.0.0/0", "except": ["169.254.0.0/16"]}));

    // The patch for kustomize in docs/operators.md has the same effect.
    let folder = tempfile::tempdir_in(testenv::root().join("tests")).unwrap();
    let patch = "resources: [../../manifests]
patches:
  - target: {kind: NetworkPolicy, name: serverless-controller}
    patch: |
      - {op: add, path: /spec/egress/1/ports/-, value: {port: 5000}}
";
    std::fs::write(folder.path().join("kustomization.yaml"), patch).unwrap();
    let built = tool("kubectl", &format!("kustomize {}", folder.path().display())).unwrap();
    let policy = object(&built, "NetworkPolicy", "serverless-controller");
    assert_eq!(ports(&policy["spec"]["egress"][1]), [80, 22, 9418, 5000].map(Value::from));

    let nobody = "--set-json controller.networkPolicy.metricsFrom=[]";
    let policy = network_policy(nobody, "serverless-controller");
    assert_eq!((&policy["ingress"], &policy["policyTypes"]), (&Value::Null, &json!(["Ingress", "Egress"])));
    let from = r#"--set-json webhook.networkPolicy.reviewsFrom=[{"ipBlock":{"cidr":"10.0.0.1/32"}}]"#;
    let policy = network_policy(from, "serverless-webhook");
    assert_eq!(policy["ingress"][0]["from"], json!([{"ipBlock": {"cidr": "10.0.0.1/32"}}]));
}

/// After an uninstall, finalizers are removed and copies stay; the Job uses the namespaces of the controller.
#[test]
fn an_uninstall_removes_finalizers() {
    let values = "controller.values.propagation.baseNamespace=base";
    let template = format!("template serverless manifests/chart -n release --set {values}");
    let rendered = tool("helm", &template).unwrap();
    let job = object(&rendered, "Job", "serverless-cleanup");
    assert_eq!(job["metadata"]["annotations"]["helm.sh/hook"], "post-delete");
    let args = ["cleanup", "--finalizers-only", "--base-namespace=base", "--namespace=release"];
    assert_eq!(job.pointer("/spec/template/spec/containers/0/args").unwrap(), &json!(args));
    let is_binding = |object: &Value| {
        object["kind"] == "RoleBinding" && object["metadata"]["name"] == "serverless-cleanup"
    };
    let bindings: Vec<_> = objects(&rendered).into_iter().filter(is_binding).collect();
    let namespaces: Vec<_> = bindings.iter().map(|binding| &binding["metadata"]["namespace"]).collect();
    assert_eq!(namespaces, ["release", "base"]);
    let without = tool("helm", &format!("{template} --set controller.cleanup.create=false")).unwrap();
    assert!(!without.contains("serverless-cleanup"), "{without}");
}
