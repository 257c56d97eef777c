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

#[test]
fn alerts_and_dashboard_ask_for_metrics_that_there_are() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests/chart/files/monitoring");
    let metrics = metrics::of_webhook() + &metrics::of_controller() + &metrics::of_agent();
    let mut asked = BTreeSet::new();
    for file in ["prometheusrule.yaml", "dashboard.json", "controller-dashboard.json"] {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        let words = text.split(|character: char| !character.is_ascii_alphanumeric() && character != '_');
        let programs = ["serverless_webhook_", "serverless_controller_", "serverless_node_agent_"];
        let ours = |word: &&str| programs.iter().any(|prefix| word.starts_with(prefix));
        asked.extend(words.filter(ours).map(str::to_owned));
    }
    assert!(asked.len() >= 25, "{asked:?}");
    for name in asked {
        let family = name.trim_end_matches("_bucket").trim_end_matches("_total");
        let is_there = metrics
            .lines()
            .any(|line| line.strip_prefix("# TYPE ").and_then(|line| line.split(' ').next()) == Some(family));
        assert!(is_there, "{name} is not in {metrics}");
    }
}
