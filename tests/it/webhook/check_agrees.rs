//! `check` compared with the API server and the installed webhooks: the same verdict, about the same fields.

use std::collections::BTreeSet;
use std::path::Path;
use std::thread;

use serde_json::{Value, json};
use serverless_webhook::admission::routes::ENDPOINTS;

use crate::harness::cli;
use crate::harness::cluster::{function, kubectl, repository};
use crate::harness::installed::INSTALLED;

const CREATE: &str = "create --dry-run=server -o name -f -";
/// The number of concurrent requests.
const AT_ONCE: usize = 4;

/// The verdict about a manifest: the wrong fields; `None` if it is accepted.
type Fields = Option<BTreeSet<String>>;

/// The verdict of the API server.
fn api_server(manifest: &Value) -> Fields {
    let printed = kubectl(&INSTALLED.control_plane, CREATE, manifest);
    if printed.ok {
        return None;
    }
    let mut fields = BTreeSet::new();
    if let Some((_, unknown)) = printed.err.split_once("strict decoding error: ") {
        fields.extend(unknown.split('"').skip(1).step_by(2).map(str::to_owned));
    } else if let Some((_, causes)) = printed.err.split_once(" is invalid: ") {
        let causes = causes.trim().trim_start_matches("* ").split("\n* ");
        fields.extend(causes.filter_map(|cause| cause.split(": ").next()).map(str::to_owned));
    } else {
        // If the manifest does not decode, the message names the field in words.
        assert!(printed.err.contains("Error from server") || printed.err.contains("error: "), "{printed:?}");
    }
    fields.remove("<nil>");
    Some(fields)
}

/// The verdict of `check`.
fn check(manifest: &Value) -> Fields {
    let (code, out, err) = cli::piped(&["check", "--output", "json", "-"], &manifest.to_string());
    let report: Value = serde_json::from_str(&out).unwrap();
    assert!(code < 2 && report["items"].as_array().unwrap().len() == 1, "{manifest}: {out}{err}");
    let findings = report["items"][0]["findings"].as_array().unwrap();
    let field = |finding: &Value| finding["field"].as_str().unwrap().replace("stringData.", "data.");
    (code == 1).then(|| findings.iter().map(field).collect())
}

/// Whether both name the same field, or one contains the other.
fn are_the_same(one: &str, other: &str) -> bool {
    let steps = |field: &str| -> Vec<String> {
        // The API server generates the name before it validates it.
        let field = field.replace("generateName", "name");
        field.split(['.', '[', ']']).filter(|step| !step.is_empty()).map(str::to_owned).collect()
    };
    let (one, other) = (steps(one), steps(other));
    one.starts_with(&other) || other.starts_with(&one)
}

#[track_caller]
fn compare(manifests: &[Value]) {
    let compare_one = |manifest: &Value| {
        let (asked, checked) = (api_server(manifest), check(manifest));
        let agree = match (&asked, &checked) {
            (None, None) => true,
            (Some(asked), Some(checked)) => {
                asked.iter().all(|field| checked.iter().any(|known| are_the_same(field, known)))
            }
            _ => false,
        };
        (!agree).then(|| format!("{manifest}\n  API server: {asked:?}\n  check: {checked:?}"))
    };
    let differing: Vec<_> = thread::scope(|scope| {
        let size = manifests.len().div_ceil(AT_ONCE);
        let parts = manifests.chunks(size);
        let parts: Vec<_> = parts
            .map(|part| scope.spawn(move || part.iter().filter_map(compare_one).collect::<Vec<_>>()))
            .collect();
        parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
    });
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

/// An object as its author writes it.
fn as_written(object: &Value) -> Value {
    let mut object = object.clone();
    let metadata = &object["metadata"];
    let kept = ["name", "generateName", "labels", "annotations"].map(|key| (key, metadata[key].clone()));
    let kept = kept.into_iter().filter(|(_, value)| !value.is_null());
    object["metadata"] =
        kept.map(|(key, value)| (key.to_owned(), value)).collect::<serde_json::Map<_, _>>().into();
    object
}

#[test]
fn check_agrees_with_the_api_server_about_every_fixture() {
    let mut manifests = Vec::new();
    let installed = ENDPOINTS.iter().filter(|endpoint| endpoint.opt_in.is_none());
    for endpoint in installed.map(|endpoint| endpoint.label) {
        for case in std::fs::read_dir(Path::new("fixtures/admission").join(endpoint)).unwrap() {
            let text = std::fs::read(case.unwrap().path().join("request.json")).unwrap();
            let review: Value = serde_json::from_slice(&text).unwrap();
            let object = as_written(&review["request"]["object"]);
            let is_asked = review["request"]["operation"] == "CREATE" && object["kind"].is_string();
            let labels = &object["metadata"]["labels"];
            let is_ours = ["remote-registry", "upstream-credentials"]
                .iter()
                .any(|label| labels[format!("serverless.kyma-project.io/{label}")] == "config");
            let is_asked = is_asked && (object["kind"] != "Secret" || is_ours);
            if is_asked && review["request"]["object"]["metadata"]["deletionTimestamp"].is_null() {
                manifests.push(object);
            }
        }
    }
    for file in
        ["broken/many-mistakes.yaml", "git.yaml", "image-registry.yaml", "orders.yaml", "registries.yaml"]
    {
        let text = std::fs::read_to_string(Path::new("fixtures/manifests").join(file)).unwrap();
        let documents: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap();
        let served = |document: &Value| {
            ["serverless.kyma-project.io/v1alpha1", "registry.mgoltzsche.github.com/v1alpha1"]
                .contains(&document["apiVersion"].as_str().unwrap_or_default())
        };
        manifests.extend(documents.into_iter().filter(served));
    }
    assert!(manifests.len() >= 100, "only {}", manifests.len());
    compare(&manifests);
}

/// Values as authors write them, with their mistakes.
#[test]
fn check_agrees_with_the_api_server_about_what_authors_write() {
    let from = |source: Value| json!({"source": "x", "env": [{"name": "A", "valueFrom": source}]});
    let specs = [
        json!({"source": "x"}),
        json!({"source": "x", "resorces": {}, "env": [{"name": "A", "vlaue": "x"}]}),
        json!({"source": null}),
        json!(null),
        json!("x"),
        json!([]),
        json!({"source": 1, "runtime": true, "minReplicas": "1"}),
        json!({"source": "x", "minReplicas": 1.5, "maxReplicas": 3_000_000_000_u32}),
        json!({"source": "x", "minReplicas": 0, "maxReplicas": -1}),
        json!({"source": "x", "minReplicas": 3, "maxReplicas": 2}),
        json!({"source": "x", "type": "svn", "runtime": "nodejs8"}),
        json!({"source": "x", "type": "git"}),
        json!({"source": "Not a name", "type": "git", "baseDir": "../a", "reference": "main"}),
        json!({"source": "x", "type": "git", "baseDir": "x".repeat(4097), "reference": "main"}),
        json!({"source": "x", "env": {"A": "B"}}),
        json!({"source": "x", "env": [{"name": "A", "value": true}, {"name": "B", "value": 8080}, {"name": "C", "value": 0.5}], "runtime": "nodejs8"}),
        json!({"source": "x", "env": [{"name": "1A"}, {"value": "x"}, null, "A=1"]}),
        json!({"source": "x", "env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]}),
        json!({"source": "x", "env": [{"name": "A", "value": "1", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]}),
        from(json!({"secretKeyRef": {"name": "redis"}})),
        from(json!({"configMapKeyRef": {"key": "k"}})),
        from(json!({"configMapKeyRef": {"name": "", "key": "k"}})),
        from(json!({"fieldRef": {}})),
        from(json!({"fieldRef": {"fieldPath": "spec.x"}})),
        from(json!({})),
        from(json!({"fieldRef": {"fieldPath": "metadata.name"}, "secretKeyRef": {"name": "s", "key": "k"}})),
        json!({"source": "x", "labels": {"a": "b c", "d e": "f", "g": true}}),
        json!({"source": "x", "labels": {"serverless.kyma-project.io/uuid": "1"}}),
        json!({"source": "x", "resources": {"limits": {"cpu": 0.5}}}),
        json!({"source": "x", "resources": {"requests": {"cpu": "1 core", "memory": "-1Mi"}}}),
        json!({"source": "x", "resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}}),
        json!({"source": "x", "resources": {"requests": {"memory": 129_000_000}, "limits": {"cpu": 1000}}}),
        json!({"source": "x", "deps": null, "env": null, "resources": {"limits": null}}),
    ];
    let mut manifests: Vec<_> = specs.iter().map(|spec| function("demo", spec)).collect();
    for name in ["1a", "a.b", "A", &"a".repeat(64)] {
        manifests.push(function(name, &json!({"source": "x"})));
        manifests.push(repository(name, &json!({"url": "https://h/r.git"})));
    }
    for spec in [
        json!({}),
        json!(null),
        json!({"url": 1}),
        json!({"url": "https://h/r.git", "auth": {}}),
        json!({"url": "https://h/r.git", "auth": {"type": "token", "secretName": " "}}),
        json!({"url": "https://ghp_hush@github.com/o/r.git"}),
        json!({"url": format!("https://h/{}.git", "a".repeat(2035))}),
        json!({"url": "https://h/r.git", "branch": "main"}),
    ] {
        manifests.push(repository("demo", &spec));
    }
    let mut labelled = function("demo", &json!({"source": "x"}));
    labelled["metadata"]["labels"] = json!({"a b": "c", "d": "e f"});
    labelled["metadata"]["annotations"] = json!({"g h": "i"});
    manifests.push(labelled);
    compare(&manifests);
}
