//! `replay` as its users see it.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::cli::{piped, run, without_times};

/// Copies fixtures to a temporary folder.
fn copy(cases: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for case in cases {
        let to = folder.path().join(case);
        std::fs::create_dir_all(&to).unwrap();
        for file in ["request.json", "response.json"] {
            let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/admission").join(case).join(file);
            std::fs::copy(from, to.join(file)).unwrap();
        }
    }
    folder
}

const THREE: [&str; 3] = [
    "defaulting-functions/runtime-empty",
    "mutation-registry-secrets/other-servers-stay",
    "validation-functions/env-reserved-func-port",
];

#[test]
fn replay_shows_each_review_and_what_it_adds() {
    let folder = copy(&THREE);
    let (code, text, _) = run(&["replay", folder.path().to_str().unwrap()]);
    let expected = "\
defaulting-functions/runtime-empty            CREATE  patched
    @@ -24,5 +24,5 @@
           cpu: 50m
           memory: 64Mi
    -  runtime: \"\"
    +  runtime: nodejs12
       source: |
         module.exports = {
mutation-registry-secrets/other-servers-stay  CREATE  patched
    @@ -1,5 +1,5 @@
     apiVersion: v1
     data:
    -  .dockerconfigjson: (61 bytes)
    +  .dockerconfigjson: (139 bytes, changed)
       password: (15 bytes)
       registryAddress: (9 bytes)
validation-functions/env-reserved-func-port   CREATE  refused
    spec.env[0].name: Forbidden: \"FUNC_PORT\" is reserved for the runtime
3 reviews: 2 accepted (2 with defaults), 1 refused";
    assert_eq!((code, without_times(&text).as_str()), (1, expected));
}

#[test]
fn replay_compares_with_what_is_recorded() {
    let folder = copy(&THREE);
    let path = folder.path().to_str().unwrap();
    let (code, text, _) = run(&["replay", "--expect", "--twice", path]);
    assert_eq!(
        (code, text.lines().last().unwrap()),
        (0, "3 reviews: 2 accepted (2 with defaults), 1 refused; all as expected")
    );

    let response = folder.path().join(THREE[2]).join("response.json");
    let text = std::fs::read_to_string(&response).unwrap();
    std::fs::write(&response, text.replace("Forbidden", "Verboten")).unwrap();
    std::fs::remove_file(folder.path().join(THREE[0]).join("response.json")).unwrap();
    let (code, text, _) = run(&["replay", "--expect", path]);
    let text = text.replace(path, "DIR");
    assert_eq!(
        (code, text.lines().last().unwrap()),
        (1, "3 reviews: 2 accepted (2 with defaults), 1 refused; 2 not as expected")
    );
    let unexpected: Vec<_> = text.lines().filter(|line| line.contains("unexpected")).collect();
    assert_eq!(
        unexpected,
        [
            format!("    unexpected: DIR/{}/response.json: No such file or directory (os error 2)", THREE[0]),
            format!("    unexpected: DIR/{}/response.json holds another answer: status differs", THREE[2]),
        ]
    );
    assert_eq!(run(&["replay", "--record", path]).0, 1);
    assert_eq!(run(&["replay", "--expect", path]).0, 0);
}

#[test]
fn replay_takes_lines_yaml_audit_logs_and_the_standard_input() {
    let read = |case: &str| -> Value {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/admission").join(case).join("request.json");
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    };
    let function = read("defaulting-functions/nothing-set");
    let secret = read("mutation-registry-secrets/missing-password");
    // A Function is reviewed in the order of an API server: first the defaults, then the validation of the result.
    let (code, text, _) = piped(&["replay", "-"], &format!("{function}\nnot json\n{secret}\n"));
    let lines: Vec<_> = text.lines().filter(|line| !line.starts_with("    ")).map(without_times).collect();
    assert_eq!(
        lines,
        [
            "-:1 Function default/demo (defaulting-functions)  CREATE  patched",
            "-:1 Function default/demo (validation-functions)  CREATE  allowed",
            "-:2: not JSON: expected value",
            "-:3 Secret default/serverless-registry-config     CREATE  refused",
            "3 reviews: 2 accepted (1 with defaults), 1 refused, 1 unreadable",
        ]
    );
    assert_eq!(code, 2);

    let yaml = format!(
        "---\n{}---\n{}",
        serde_saphyr::to_string(&function).unwrap(),
        serde_saphyr::to_string(&secret).unwrap()
    );
    let (code, text, _) = piped(&["replay", "-", "--endpoint", "/defaulting/functions"], &yaml);
    assert_eq!(
        (code, text.lines().last().unwrap()),
        (1, "2 reviews: 1 accepted (1 with defaults), 1 failed")
    );

    let event = |verb: &str, object: &Value| {
        json!({
            "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "RequestResponse", "auditID": "a-1", "verb": verb,
            "user": {"username": "jane"}, "requestObject": object,
            "objectRef": {"resource": "functions", "namespace": "default", "name": "demo", "apiGroup": "serverless.kyma-project.io", "apiVersion": "v1alpha1"},
        })
    };
    let log = [
        event("create", &function["request"]["object"]),
        event("get", &Value::Null),
        event("patch", &json!({"spec": {}})),
    ];
    let (code, text, _) = piped(&["replay", "-"], &log.map(|event| event.to_string()).join("\n"));
    assert_eq!(
        (code, text.lines().last().unwrap()),
        (0, "2 reviews: 2 accepted (1 with defaults), 2 skipped")
    );
}
