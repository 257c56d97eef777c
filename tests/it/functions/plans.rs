//! Every fixture of the controller is planned as recorded.

use std::path::Path;

use controller::config;
use controller::plan::{self, Manifests};
use serde_json::Value;

/// The variable by which plans are recorded instead: `make record`.
const RECORD: &str = "RECORD_PLANS";

#[test]
fn every_fixture_is_planned_as_recorded() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/controller");
    let mut count = 0;
    for case in std::fs::read_dir(root).unwrap() {
        let case = case.unwrap().path();
        let config_file = Some(case.join("config.yaml")).filter(|file| file.exists());
        let config = config::load(config_file.as_deref(), |_| None).unwrap();
        let mut manifests = Manifests::new("default");
        manifests.read(&std::fs::read_to_string(case.join("manifests.yaml")).unwrap()).unwrap();
        let planned: String =
            plan::plan(&config, &manifests).into_iter().map(|planned| planned.text).collect();
        let recorded = case.join("plan.yaml");
        if std::env::var_os(RECORD).is_some() {
            std::fs::write(&recorded, &planned).unwrap();
        }
        assert_eq!(planned, std::fs::read_to_string(recorded).unwrap(), "{}", case.display());
        count += 1;
    }
    assert!(count >= 20, "only {count} fixtures");
}

/// A plan assumes of the runtimes what `manifests/runtimes` installs.
#[test]
fn a_plan_without_runtimes_mounts_what_those_of_the_installation_hold() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let installed = std::fs::read_to_string(root.join("manifests/runtimes/runtimes.yaml")).unwrap();
    for case in ["inline", "inline-python", "git"] {
        let function =
            std::fs::read_to_string(root.join("fixtures/controller").join(case).join("manifests.yaml"))
                .unwrap();
        let job = |runtimes: &str| {
            let mut manifests = Manifests::new("shop");
            manifests.read(&function).unwrap();
            manifests.read(runtimes).unwrap();
            let planned = plan::plan(&config::Config::default(), &manifests).remove(0).text;
            let objects: Vec<Value> = serde_saphyr::from_multiple(&planned).unwrap();
            let job = objects.into_iter().find(|object| object["kind"] == "Job").unwrap();
            let pod = &job["spec"]["template"]["spec"];
            (pod["volumes"].clone(), pod["containers"][0]["volumeMounts"].clone())
        };
        assert_eq!(job(""), job(&installed), "{case}");
    }
}

#[test]
fn a_manifest_that_cannot_be_read_is_reported_with_its_place() {
    let problem = |text: &str| Manifests::new("shop").read(text).unwrap_err();
    assert_eq!(problem("a: 1\n---\nb: [\n"), "not YAML: unclosed bracket '[' at line 3");
    let secret =
        "apiVersion: v1\nkind: Secret\nmetadata: {name: serverless-registry-config}\nstringData: {a: 1}\n";
    assert_eq!(
        problem(secret),
        "Secret serverless-registry-config: data.a: Invalid value: \"integer\": must be a base64-encoded string"
    );
}

#[test]
fn the_documented_configuration_is_one_and_says_what_is_built_in() {
    let document = include_str!("../../../docs/controller.md");
    let section = document.split("## Configuration\n").nth(1).unwrap();
    let text = section.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let mut config = config::load(Some(file.path()), |_| None).unwrap();
    let runtimes: Vec<_> = config.functions.runtimes.keys().map(String::as_str).collect();
    assert_eq!(runtimes, ["nodejs12", "nodejs22", "nodejs24", "python312", "python313", "python38"]);
    config.functions.runtimes = config::Config::default().functions.runtimes;
    config.functions.removed_runtimes.clear();
    // It follows from the number of slots.
    assert_eq!(
        config.max_builds_per_namespace.take(),
        Some(config::Config::default().builds_per_namespace())
    );
    assert_eq!(config, config::Config::default());
}
