//! The generated manifests are those that the types and routes give.

use std::path::Path;

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
        // Those of metadata are the API server's own.
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
