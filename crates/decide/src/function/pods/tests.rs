#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use rstest::rstest;
use serde_json::{Value, json};

use super::*;

fn waiting(reason: &str, message: &str) -> Value {
    json!({"name": "function", "ready": false, "restartCount": 0, "image": "", "imageID": "",
        "state": {"waiting": {"reason": reason, "message": message}}})
}

fn running(is_ready: bool) -> Value {
    json!({"name": "function", "ready": is_ready, "restartCount": 0, "image": "", "imageID": "",
        "state": {"running": {}}})
}

fn ended(code: i32, reason: &str, message: &str) -> Value {
    json!({"terminated": {"exitCode": code, "reason": reason, "message": message}})
}

fn crashed(state: &Value, last: &Value) -> Value {
    json!({"name": "function", "ready": false, "restartCount": 3, "image": "", "imageID": "",
        "state": state, "lastState": last})
}

fn pod(phase: &str, container: &Value) -> Value {
    let is_ready = if container["ready"] == true { "True" } else { "False" };
    json!({"phase": phase, "containerStatuses": [container],
        "conditions": [{"type": "PodScheduled", "status": "True"}, {"type": "Ready", "status": is_ready}]})
}

fn unschedulable() -> Value {
    json!({"phase": "Pending", "conditions": [
        {"type": "PodScheduled", "status": "False", "message": "0/1 nodes are available:\n1 Insufficient cpu."}]})
}

fn status(status: &Value) -> PodStatus {
    serde_json::from_value(status.clone()).unwrap()
}

fn meta(name: &str, template: &str, second: u8) -> ObjectMeta {
    serde_json::from_value(json!({"name": name, "labels": {TEMPLATE: template},
        "creationTimestamp": format!("2026-01-01T00:00:{second:02}Z")}))
    .unwrap()
}

const MISSING: &str = "secret \"redis-credentials\" not found";

#[rstest]
#[case::ready(pod("Running", &running(true)), Start::Runs)]
#[case::not_ready(pod("Running", &running(false)), Start::Waits("Pod p runs, and is not ready".to_owned()))]
#[case::creating(
    pod("Pending", &waiting("ContainerCreating", "")),
    Start::Waits("Pod p does not start: ContainerCreating".to_owned())
)]
#[case::no_node_yet(
    json!({"phase": "Pending"}),
    Start::Waits("Pod p does not start: no node says why".to_owned())
)]
#[case::unschedulable(
    unschedulable(),
    Start::Hindered("Pod p cannot be scheduled: 0/1 nodes are available: 1 Insufficient cpu.".to_owned())
)]
#[case::missing_secret(
    pod("Pending", &waiting("CreateContainerConfigError", MISSING)),
    Start::Hindered(format!("Pod p does not start: CreateContainerConfigError: {MISSING}"))
)]
#[case::no_image(
    pod("Pending", &waiting("ImagePullBackOff", "Back-off pulling image \"r/i:t\"")),
    Start::Unpulled("Pod p cannot pull an image: Back-off pulling image \"r/i:t\"".to_owned())
)]
#[case::crash_loop(
    pod("Running", &crashed(&waiting("CrashLoopBackOff", "back-off 10s")["state"], &ended(1, "Error", "Error: no such module\n"))),
    Start::Hindered("Pod p crashes: Error: no such module".to_owned())
)]
#[case::crashed_and_started_again(
    pod("Running", &crashed(&json!({"running": {}}), &ended(137, "OOMKilled", ""))),
    Start::Hindered("Pod p crashes: OOMKilled, exit code 137".to_owned())
)]
#[case::killed_after_another_error(
    pod("Running", &crashed(&json!({"running": {}}), &ended(137, "OOMKilled", "ValueError: x\n"))),
    Start::Hindered("Pod p crashes: OOMKilled, exit code 137".to_owned())
)]
#[case::just_crashed(
    pod("Running", &crashed(&ended(2, "Error", ""), &json!({}))),
    Start::Hindered("Pod p crashes: Error, exit code 2".to_owned())
)]
fn pods_that_serve_say_how_they_are(#[case] given: Value, #[case] expected: Start) {
    assert_eq!(serving(&[(&meta("p", "a", 1), status(&given))]), expected);
}

#[test]
fn the_newest_template_is_judged_by_its_worst_pod() {
    let ill = status(&pod("Pending", &waiting("ImagePullBackOff", "gone")));
    let waits = status(&pod("Running", &running(false)));
    let ready = status(&pod("Running", &running(true)));
    let [old, first, second] = [meta("old", "a", 1), meta("first", "b", 2), meta("second", "b", 3)];
    // Pods of an older template are ignored, whatever they report.
    let pods = [(&old, ill.clone()), (&first, ready.clone()), (&second, ready.clone())];
    assert_eq!(serving(&pods), Start::Runs);
    let pods = [(&old, ready.clone()), (&first, waits), (&second, ill.clone())];
    assert_eq!(serving(&pods), Start::Unpulled("Pod second cannot pull an image: gone".to_owned()));
    // Pods that have ended or are being deleted are ignored, too.
    let gone = ObjectMeta { deletion_timestamp: second.creation_timestamp.clone(), ..second };
    let evicted = status(&json!({"phase": "Failed", "reason": "Evicted"}));
    let last = meta("last", "c", 4);
    assert_eq!(serving(&[(&first, ready), (&gone, ill), (&last, evicted.clone())]), Start::Runs);
    assert_eq!(serving(&[(&last, evicted)]), Start::Waits("it has no Pod".to_owned()));
}

#[rstest]
#[case::runs(pod("Running", &running(false)), Start::Runs)]
#[case::over(json!({"phase": "Failed"}), Start::Runs)]
#[case::first_container_runs(
    json!({"phase": "Pending", "initContainerStatuses": [running(false)], "containerStatuses": [waiting("PodInitializing", "")]}),
    Start::Runs
)]
#[case::creating(
    pod("Pending", &waiting("ContainerCreating", "")),
    Start::Waits("its Pod does not start: ContainerCreating".to_owned())
)]
#[case::unschedulable(
    unschedulable(),
    Start::Hindered("its Pod cannot be scheduled: 0/1 nodes are available: 1 Insufficient cpu.".to_owned())
)]
#[case::no_image(
    pod("Pending", &waiting("ErrImagePull", "not found")),
    Start::Unpulled("its Pod cannot pull an image: not found".to_owned())
)]
fn pods_that_build_say_how_they_are(#[case] given: Value, #[case] expected: Start) {
    assert_eq!(build(&status(&given)), expected);
}

#[test]
fn last_words_are_the_end_of_what_was_said_on_one_line() {
    let end = |message: String| ContainerStateTerminated {
        exit_code: 1,
        message: Some(message),
        ..ContainerStateTerminated::default()
    };
    let long = format!("{}\u{1b}[31m\nend", "x".repeat(LAST_WORDS));
    let words = last_words(&end(long));
    assert_eq!(words.chars().count(), LAST_WORDS);
    assert!(words.ends_with("x [31m end"), "{words}");
    assert_eq!(last_words(&end(" \n".to_owned())), "Error, exit code 1");
}

/// A Pod of a Job whose containers have ended.
fn of_job(containers: &Value) -> PodStatus {
    let mut containers = containers.clone();
    for container in containers.as_array_mut().unwrap() {
        let further = json!({"ready": false, "restartCount": 0, "image": "", "imageID": ""});
        container.as_object_mut().unwrap().extend(further.as_object().unwrap().clone());
    }
    let (init, executor): (Vec<_>, Vec<_>) =
        containers.as_array().unwrap().iter().cloned().partition(|container| container["name"] == "fetch");
    status(&json!({"phase": "Failed", "initContainerStatuses": init, "containerStatuses": executor}))
}

const LOG: &str = "#9 0.1 one\n#9 ERROR: no\n------\nerror: failed to solve: no\n";

#[rstest]
#[case::builder(json!([{"name": "executor", "state": ended(1, "Error", LOG)}]), "failed to solve: no")]
#[case::builder_without_an_error(json!([{"name": "executor", "state": ended(1, "Error", "one\ntwo\n")}]), "one two")]
#[case::fetcher(
    json!([{"name": "fetch", "state": ended(1, "Error", "error: one\ntwo\n")}, {"name": "executor", "state": {"waiting": {}}}]),
    "error: one two"
)]
#[case::after_the_fetcher(
    json!([{"name": "fetch", "state": ended(0, "Completed", "")}, {"name": "executor", "state": ended(1, "Error", LOG)}]),
    "failed to solve: no"
)]
#[case::no_memory(json!([{"name": "executor", "state": ended(137, "OOMKilled", "#9 0.1 one")}]), "OOMKilled")]
#[case::silent(json!([{"name": "executor", "state": ended(1, "Error", "")}]), "Error, exit code 1")]
fn a_job_that_failed_says_why(#[case] containers: Value, #[case] expected: &str) {
    assert_eq!(report(&[of_job(&containers)], false).as_deref(), Some(expected));
}

#[test]
fn a_job_that_succeeded_says_what_its_builder_reports_even_if_that_looks_like_an_error() {
    let pod = of_job(&json!([{"name": "executor", "state": ended(0, "Completed", "error: x\n")}]));
    assert_eq!(report(&[pod], true).as_deref(), Some("error: x"));
    assert_eq!(report(&[], true), None);
    let runs = of_job(&json!([
        {"name": "fetch", "state": ended(0, "Completed", "error: x\n")}, {"name": "executor", "state": {"running": {}}},
    ]));
    assert_eq!(report(&[runs], true), None);
}

#[test]
fn a_pod_that_was_evicted_says_so() {
    let message = "Usage of EmptyDir volume \"buildkit\" exceeds the limit \"20Gi\". ";
    let mut pod = of_job(&json!([{"name": "executor", "state": ended(137, "Error", LOG)}]));
    (pod.reason, pod.message) = (Some("Evicted".to_owned()), Some(message.to_owned()));
    assert_eq!(report(&[pod], false).as_deref(), Some(message.trim()));
}
