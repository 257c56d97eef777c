//! The input of `replay`: logs that are cut, filtered and merged, and lines that do not concern it.

use rstest::rstest;
use serde_json::{Value, json};

use crate::harness::cli::{piped, run, without_times};

fn function() -> Value {
    json!({"apiVersion": "serverless.kyma-project.io/v1alpha1", "kind": "Function", "metadata": {"name": "demo", "namespace": "shop"}, "spec": {"source": "x", "runtime": "nodejs8"}})
}

fn event(verb: &str, code: u32) -> Value {
    json!({
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "RequestResponse", "auditID": "a-1",
        "stage": "ResponseComplete", "verb": verb, "user": {"username": "jane"}, "responseStatus": {"code": code},
        "objectRef": {"resource": "functions", "namespace": "shop", "name": "demo", "apiGroup": "serverless.kyma-project.io", "apiVersion": "v1alpha1"},
    })
}

fn review(resource: &Value, operation: &str, object: &Value) -> Value {
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "1", "operation": operation, "namespace": "shop", "name": "demo",
        "kind": {"group": resource["group"], "version": resource["version"], "kind": object["kind"]},
        "resource": resource, "object": object,
    }})
}

/// The output for some input, without added fields and times.
fn replayed(args: &[&str], input: &str) -> (i32, Vec<String>) {
    let (code, out, _) = piped(&[&["replay", "-"], args].concat(), input);
    let lines = out.lines().filter(|line| !line.starts_with("    ")).map(without_times);
    (code, lines.collect())
}

/// Server-side apply sends a part of the object, like `kubectl patch`.
#[test]
fn a_patch_is_judged_by_what_came_of_it_and_what_failed_is_skipped() {
    let mut applied = event("patch", 201);
    applied["requestObject"] = json!({"apiVersion": "serverless.kyma-project.io/v1alpha1", "kind": "Function", "spec": {"minReplicas": 2}});
    applied["responseObject"] = function();
    let mut patched = applied.clone();
    patched["responseStatus"]["code"] = 200.into();
    let mut failed = event("patch", 404);
    failed["requestObject"] = applied["requestObject"].clone();
    failed["responseObject"] = json!({"apiVersion": "v1", "kind": "Status", "code": 404});
    let mut received = event("create", 201);
    received["stage"] = "RequestReceived".into();
    let bare = event("update", 200);
    let log = [applied, patched, failed, received, bare, event("watch", 200)];
    let log = log.map(|event| event.to_string()).join("\n");
    let (code, lines) = replayed(&["--verbose"], &log);
    let expected = [
        "-:1 Function shop/demo (defaulting-functions)  CREATE  patched",
        "-:1 Function shop/demo (validation-functions)  CREATE  refused",
        "-:2 Function shop/demo (defaulting-functions)  UPDATE  patched",
        "-:2 Function shop/demo (validation-functions)  UPDATE  refused",
        "-:3: skipped: an audit event of a request that failed",
        "-:4: skipped: an audit event of an earlier stage of its request",
        "-:5: skipped: an audit event without its object: its level must be RequestResponse",
        "-:6: skipped: an audit event of a request that writes no object",
        "4 reviews: 2 accepted (2 with defaults), 2 refused, 4 skipped",
    ];
    assert_eq!((code, lines), (1, expected.map(str::to_owned).to_vec()));
}

#[test]
fn lists_and_arrays_of_events_are_unpacked_and_a_cut_log_goes_on() {
    let mut created = event("create", 201);
    created["requestObject"] = function();
    let list = json!({"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": [created, created]});
    for (input, names) in [
        (list.to_string(), ["-:1 items[0]", "-:1 items[1]"]),
        (json!([created, created]).to_string(), ["-:1 [0]", "-:1 [1]"]),
        (format!("\"jane\"}}}}\n{created}\n{created}\n"), ["-:2", "-:3"]),
    ] {
        let (_, lines) = replayed(&["--endpoint", "/validation/functions"], &input);
        let lines: Vec<_> = lines.iter().filter(|line| line.contains("Function")).collect();
        assert_eq!(
            lines,
            names
                .map(|name| format!("{name} Function shop/demo  CREATE  refused"))
                .iter()
                .collect::<Vec<_>>()
        );
    }
}

#[rstest]
#[case::pod(
    review(&json!({"group": "", "version": "v1", "resource": "pods"}), "CREATE", &json!({"kind": "Pod"})),
    "-:1: skipped: a review of \"pods\" of the group \"\": no webhook is for it"
)]
#[case::exec(
    review(&json!({"group": "", "version": "v1", "resource": "pods"}), "CONNECT", &json!({"kind": "PodExecOptions"})),
    "-:1: skipped: a review of \"pods\" of the group \"\": no webhook is for it"
)]
#[case::other_version(
    review(&json!({"group": "serverless.kyma-project.io", "version": "v1alpha2", "resource": "functions"}), "CREATE", &json!({"kind": "Function"})),
    "-:1: warning: Function in version \"v1alpha2\": the webhook answers for v1alpha1"
)]
fn what_nobody_answers_is_named(#[case] review: Value, #[case] text: &str) {
    let (code, lines) = replayed(&["-v"], &review.to_string());
    assert_eq!((code, lines[0].as_str()), (2, text));
    assert_eq!(lines[1], "no reviews, 1 skipped");
}

#[rstest]
#[case::manifest(
    function(),
    "-:1: neither an AdmissionReview nor an audit event: manifests are for serverless-webhook check"
)]
#[case::scalar(json!(["x"]), "-:1: [0]: neither an AdmissionReview nor an audit event")]
#[case::answer(
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": {"uid": "1", "allowed": true}}),
    "-:1: an AdmissionReview without a request: is it an answer?"
)]
fn what_is_no_review_is_unreadable(#[case] document: Value, #[case] text: &str) {
    let (code, lines) = replayed(&[], &document.to_string());
    assert_eq!((code, lines[0].as_str()), (2, text));
}

#[test]
fn a_server_that_cannot_be_reached_has_an_exit_code_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run(&["certs", "--out", folder.path().to_str().unwrap()]).0, 0);
    let authority = folder.path().join("ca.crt");
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("https://127.0.0.1:{port}");
    let (code, _, err) =
        run(&["replay", "--url", &url, "--ca-file", authority.to_str().unwrap(), "fixtures/admission"]);
    assert_eq!(
        (code, err),
        (
            69,
            format!("error: --url {url}: the server cannot be reached: Connection refused (os error 111)\n")
        )
    );
    let (code, _, err) = run(&["replay", "--url", &url, "--ca-file", "nosuch.crt", "fixtures/admission"]);
    assert_eq!(code, 64, "{err}");
}
