//! The generated manifests are up to date with the types and routes.

use std::collections::BTreeSet;
use std::path::Path;

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
        let crd: serde_json::Value = serde_saphyr::from_str(&manifest.text).unwrap();
        let schema = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        let mut undescribed = Vec::new();
        collect_undescribed(schema, "", &mut undescribed);
        assert_eq!(undescribed, Vec::<String>::new(), "{}", manifest.path);
    }
}

fn collect_undescribed(schema: &serde_json::Value, path: &str, undescribed: &mut Vec<String>) {
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
