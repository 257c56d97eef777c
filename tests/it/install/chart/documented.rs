//! The configurations in the documents, as values of the chart.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{object, render};

/// The sections that documents show, so that this test does not miss all of them.
const SHOWN: [&str; 2] = [
    "buildJob defaultRuntime function gitUrls reservedEnvs runtimes",
    "build caches function git imageRegistries propagation registryCheck runtimes workers",
];

#[test]
fn every_configuration_that_is_documented_can_be_set_and_reaches_its_program() {
    let blocks = blocks();
    let webhook = check::<policy::config::RawConfig>(&blocks, "webhook", |text| {
        serverless_webhook::config::parse(Some((Path::new("webhook.yaml"), text)), |_| None).map(drop)
    });
    let controller = check::<controller::config::RawConfig>(&blocks, "controller", |text| {
        controller::config::SETTINGS.parse(Some((Path::new("controller.yaml"), text)), |_| None).map(drop)
    });
    assert_eq!([webhook.as_str(), &controller], SHOWN);
}

/// Sets each block that is a configuration of a program. Returns the sections.
fn check<T: DeserializeOwned>(
    blocks: &[Value],
    program: &str,
    parse: impl Fn(&str) -> Result<(), process::settings::LoadError>,
) -> String {
    let mut sections = BTreeSet::new();
    for block in blocks.iter().filter(|block| serde_json::from_value::<T>((*block).clone()).is_ok()) {
        let values = tempfile::NamedTempFile::new().unwrap();
        fs::write(values.path(), json!({program: {"values": block}}).to_string()).unwrap();
        let rendered = render(&format!("--namespace kyma-system -f {}", values.path().display()));
        let map = object(&rendered, "ConfigMap", &format!("serverless-{program}"));
        let text = map["data"][format!("{program}.yaml")].as_str().unwrap();
        let mut expected = block.clone();
        if program == "controller" && expected["propagation"]["baseNamespace"].is_null() {
            expected["propagation"]["baseNamespace"] = "kyma-system".into();
        }
        assert_eq!(serde_saphyr::from_str::<Value>(text).unwrap(), expected, "{program}");
        parse(text).unwrap_or_else(|error| panic!("{error}"));
        sections.extend(block.as_object().unwrap().keys().cloned());
    }
    Vec::from_iter(sections).join(" ")
}

/// The YAML mappings of all documents.
fn blocks() -> Vec<Value> {
    let docs = fs::read_dir(testenv::root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let documents = docs.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let mut blocks = Vec::new();
    for document in documents.chain([testenv::root().join("README.md")]) {
        let text = fs::read_to_string(&document).unwrap();
        for block in text.split("```yaml\n").skip(1) {
            let block = block.split("```").next().unwrap();
            let parsed: Vec<Value> = serde_saphyr::from_multiple(block).unwrap_or_default();
            blocks.extend(parsed.into_iter().filter(Value::is_object));
        }
    }
    blocks
}
