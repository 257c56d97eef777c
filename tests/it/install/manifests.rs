//! The generated manifests are up to date with the types and routes.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use crate::harness::metrics;

#[test]
fn committed_manifests_are_fresh() {
    for manifest in xtask::manifests().unwrap() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(manifest.path);
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == manifest.text, "{} is not fresh: run `make generate`", manifest.path);
    }
}

#[test]
fn every_field_of_the_crds_has_a_description() {
    for manifest in
        xtask::manifests().unwrap().into_iter().filter(|manifest| manifest.path.contains("/crds/"))
    {
        let crd: Value = serde_saphyr::from_str(&manifest.text).unwrap();
        let schema = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        let mut undescribed = Vec::new();
        collect_undescribed(schema, "", &mut undescribed);
        assert_eq!(undescribed, Vec::<String>::new(), "{}", manifest.path);
    }
}

fn collect_undescribed(schema: &Value, path: &str, undescribed: &mut Vec<String>) {
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        // The API server itself defines the fields of metadata.
        if path.starts_with(".metadata") {
            continue;
        }
        if property["description"].as_str().unwrap_or_default().is_empty() {
            undescribed.push(path.clone());
        }
        collect_undescribed(property, &path, undescribed);
        collect_undescribed(&property["items"], &path, undescribed);
    }
}

/// Prometheus calls the job of a target as its Service, and the endpoint as the port.
#[test]
fn an_agent_that_is_not_scraped_raises_an_alert_and_all_alerts_of_agents_name_the_node() {
    let read = |path: &str| -> Value {
        serde_saphyr::from_str(&std::fs::read_to_string(testenv::root().join(path)).unwrap()).unwrap()
    };
    let rules = read("manifests/chart/files/monitoring/prometheusrule.yaml");
    let groups = rules["spec"]["groups"].as_array().unwrap();
    let group = groups.iter().find(|group| group["name"] == "serverless-node-agent").unwrap();
    let alerts = group["rules"].as_array().unwrap();
    let unreachable = alerts.iter().find(|alert| alert["alert"] == "ServerlessNodeAgentUnreachable").unwrap();
    assert_eq!(unreachable["expr"], r#"up{job=~".+-node-agent",endpoint="admin"} == 0"#);
    let service = read("manifests/node-agent/service.yaml");
    assert_eq!(service["metadata"]["name"], "serverless-node-agent");
    assert_eq!(service["spec"]["ports"][0]["name"], "admin");
    let monitor = read("manifests/chart/files/monitoring/servicemonitor.yaml");
    let node = json!([{"sourceLabels": ["__meta_kubernetes_pod_node_name"], "targetLabel": "node"}]);
    assert_eq!(monitor["spec"]["endpoints"][0]["relabelings"], node);
    for alert in alerts {
        let summary = alert["annotations"]["summary"].as_str().unwrap();
        assert!(summary.contains("{{ $labels.node }}"), "{summary}");
    }
}

/// The labels by which the monitor and the alert find gateways and volumes are those that the controller gives them.
#[test]
fn gateways_of_registries_are_scraped_and_their_volumes_are_watched() {
    let read = |path: &str| std::fs::read_to_string(testenv::root().join(path)).unwrap();
    let recorded: Value =
        serde_saphyr::from_str(&read("manifests/chart/files/monitoring/podmonitor.yaml")).unwrap();
    let endpoint = &recorded["spec"]["podMetricsEndpoints"][0];
    let app = api::names::registry::of_registry("NAME");
    let volume = api::names::registry::volume_claim("NAME");
    let keep = json!({
        "sourceLabels": ["__meta_kubernetes_pod_label_app", "__meta_kubernetes_pod_container_name"],
        "regex": format!("{};gateway", app.replace("NAME", ".+")),
        "action": "keep",
    });
    assert_eq!(endpoint["relabelings"][0], keep);
    let job = endpoint["relabelings"][1]["replacement"].as_str().unwrap();
    let rules = read("manifests/chart/files/monitoring/prometheusrule.yaml");
    assert!(rules.contains(&format!(r#"expr: up{{job="{job}"}} == 0"#)), "{job}");
    let volumes = format!(r#"persistentvolumeclaim=~"{}""#, volume.replace("NAME", ".+"));
    assert_eq!(rules.matches(&volumes).count(), 2, "{volumes}");
    // The port of the gateway, as recorded from what the controller makes.
    let objects: Vec<Value> =
        serde_saphyr::from_multiple(&read("fixtures/registries/seed/objects.yaml")).unwrap();
    let pods = objects.iter().find(|object| object["kind"] == "StatefulSet").unwrap();
    let template = &pods["spec"]["template"];
    assert!(template["metadata"]["labels"]["app"].as_str().unwrap().starts_with(&app.replace("NAME", "")));
    let containers = template["spec"]["containers"].as_array().unwrap();
    let gateway = containers.iter().find(|container| container["name"] == "gateway").unwrap();
    let mut ports = gateway["ports"].as_array().unwrap().iter();
    assert!(ports.any(|port| port["name"] == endpoint["port"]), "{gateway}");
}

/// The labels and the ports by which caches and their volumes are found are those that the controller gives them.
#[test]
fn caches_are_scraped_and_their_volumes_are_watched() {
    let read = |path: &str| std::fs::read_to_string(testenv::root().join(path)).unwrap();
    let monitor = "manifests/chart/files/monitoring/caches-podmonitor.yaml";
    let monitor: Value = serde_saphyr::from_str(&read(monitor)).unwrap();
    let objects: Vec<Value> =
        serde_saphyr::from_multiple(&read("fixtures/caches/docker-hub/objects.yaml")).unwrap();
    let pods = objects.iter().find(|object| object["kind"] == "StatefulSet").unwrap();
    let template = &pods["spec"]["template"];
    for (label, value) in monitor["spec"]["selector"]["matchLabels"].as_object().unwrap() {
        assert_eq!(template["metadata"]["labels"][label], *value);
    }
    let containers = template["spec"]["containers"].as_array().unwrap();
    let ports = containers.iter().flat_map(|container| container["ports"].as_array().unwrap());
    let ports: Vec<_> = ports.map(|port| port["name"].clone()).collect();
    let endpoints = monitor["spec"]["podMetricsEndpoints"].as_array().unwrap();
    assert!(endpoints.iter().all(|endpoint| ports.contains(&endpoint["port"])), "{ports:?}");
    let job = endpoints[0]["relabelings"][0]["replacement"].as_str().unwrap();
    let rules = read("manifests/chart/files/monitoring/prometheusrule.yaml");
    assert!(rules.contains(&format!(r#"expr: up{{job="{job}"}} == 0"#)), "{job}");
    let claim = pods["spec"]["volumeClaimTemplates"][0]["metadata"]["name"].as_str().unwrap();
    assert!(pods["metadata"]["name"].as_str().unwrap().starts_with("registry-"));
    let dashboard = read("manifests/chart/files/monitoring/caches-dashboard.json");
    assert_eq!(dashboard.matches(&format!(r#"job=\"{job}\""#)).count(), 2, "{job}");
    // Labels of Pods that are added to what their containers show.
    let added = monitor["spec"]["podTargetLabels"][0].as_str().unwrap();
    assert!(template["metadata"]["labels"][added].is_string(), "{added}");
    assert!(dashboard.contains(&format!("sum by ({})", added.replace('-', "_"))), "{added}");
    let volumes = format!(r#"persistentvolumeclaim=~"{claim}-registry-.+""#);
    assert_eq!(rules.matches(&volumes).count(), 5, "{volumes}");
    assert_eq!(dashboard.matches(&volumes.replace('"', r#"\""#)).count(), 2, "{volumes}");
}

#[test]
fn alerts_and_dashboard_ask_for_metrics_that_there_are() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests/chart/files/monitoring");
    let metrics = metrics::of_webhook()
        + &metrics::of_controller()
        + &metrics::of_agent()
        + &metrics::of_registry()
        + &metrics::of_cache();
    let mut asked = BTreeSet::new();
    let dashboards = ["dashboard", "controller-dashboard", "registries-dashboard", "caches-dashboard"];
    let files = dashboards.map(|dashboard| format!("{dashboard}.json"));
    for file in files.into_iter().chain(["prometheusrule.yaml".to_owned()]) {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        let words = text.split(|character: char| !character.is_ascii_alphanumeric() && character != '_');
        let programs = [
            "serverless_webhook_",
            "serverless_controller_",
            "serverless_node_agent_",
            "serverless_registry_",
        ];
        let ours = |word: &&str| programs.iter().any(|prefix| word.starts_with(prefix));
        asked.extend(words.filter(ours).map(str::to_owned));
    }
    assert!(asked.len() >= 50, "{asked:?}");
    for name in asked {
        let family = name.trim_end_matches("_bucket").trim_end_matches("_total");
        let is_there = metrics
            .lines()
            .any(|line| line.strip_prefix("# TYPE ").and_then(|line| line.split(' ').next()) == Some(family));
        assert!(is_there, "{name} is not in {metrics}");
    }
}
