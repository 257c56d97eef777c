//! Builds on a real control plane: the queue, failures, and retries.

use std::collections::BTreeSet;
use std::future::pending;
use std::time::{Duration, Instant};

use controller::config::Config;
use controller::functions::run;
use serde_json::{Value, json};

use crate::harness::cluster::{NOTHING, kubectl};
use crate::harness::controller::{CLUSTER, Controlled, MAX_BUILDS, SLOTS, config, control_plane, shared};
use crate::harness::namespace::{Namespace, runtime};

#[test]
fn a_build_that_fails_says_why_and_is_tried_again_after_a_while() {
    let namespace = Namespace::new(&CLUSTER.control_plane, "fails");
    namespace.apply_labelled("demo", &json!({}), &json!({"testenv/build": "fails"}));
    namespace.await_condition("demo", "BuildReady", "False JobFailed Job demo-build-");
    let told = namespace.condition("demo", "BuildReady");
    assert!(told.ends_with(" failed: npm ERR! 404 no such package: lodahs"), "{told}");
    assert_eq!(namespace.events("demo").len(), 1);
    let first = namespace.list("jobs")[0]["metadata"]["name"].clone();
    // The registry is restored meanwhile.
    namespace.apply("demo", &json!({}));
    namespace.await_condition("demo", "Running", "True");
    let jobs = namespace.list("jobs");
    assert_eq!(jobs.len(), 1);
    assert_ne!(jobs[0]["metadata"]["name"], first);
    assert_eq!(jobs[0]["metadata"]["annotations"]["serverless.kyma-project.io/attempt"], "2");
}

#[test]
fn other_credentials_are_tried_at_once_and_the_annotation_too() {
    let namespace = Namespace::new(&CLUSTER.control_plane, "again");
    let fails = json!({"testenv/build": "fails"});
    namespace.apply_labelled("demo", &json!({}), &fails);
    namespace.await_condition("demo", "BuildReady", "False JobFailed");
    namespace.apply("demo", &json!({}));
    namespace.add_secret("serverless-registry-config", &json!({"password": "other"}));
    namespace.await_condition("demo", "Running", "True");

    namespace.apply_labelled("other", &json!({}), &fails);
    namespace.await_condition("other", "BuildReady", "False JobFailed");
    namespace.apply("other", &json!({}));
    namespace.kubectl("annotate function other serverless.kyma-project.io/rebuild=now", NOTHING).unwrap();
    namespace.await_condition("other", "Running", "True");
}

#[test]
fn while_a_new_image_builds_the_old_one_runs_and_a_superseded_build_goes() {
    let namespace = Namespace::new(&CLUSTER.control_plane, "superseded");
    namespace.apply("demo", &json!({}));
    namespace.await_condition("demo", "Running", "True");
    let image = namespace.image();
    namespace.apply_labelled("demo", &json!({"source": "y"}), &json!({"testenv/build": "hangs"}));
    namespace.await_condition("demo", "BuildReady", "Unknown JobRunning Job demo-build-");
    assert_eq!(namespace.image(), image);
    assert!(namespace.condition("demo", "Running").starts_with("True"));
    namespace.apply("demo", &json!({"source": "z"}));
    namespace.wait("the last source runs", || namespace.get("function demo")["status"]["source"] == "z");
    namespace.wait("one Job is left", || namespace.list("jobs").len() == 1);
    assert_ne!(namespace.image(), image);
}

#[test]
fn no_more_than_so_many_build_at_once_and_all_get_their_turn() {
    let namespace = Namespace::new(&SLOTS.control_plane, "queue");
    let names: Vec<_> = (0..8).map(|index| format!("f{index}")).collect();
    for name in &names {
        namespace.apply_labelled(name, &json!({}), &json!({"testenv/build": "slow"}));
    }
    let other = Namespace::new(&SLOTS.control_plane, "queue-other");
    other.apply_labelled("f", &json!({}), &json!({"testenv/build": "slow"}));
    let jobs = "get jobs -A -l serverless.kyma-project.io/managed-by=function-controller -o json";
    let has_ended = |job: &Value| {
        let conditions = job["status"]["conditions"].as_array();
        conditions.into_iter().flatten().any(|condition| condition["status"] == "True")
    };
    let mut positions = BTreeSet::new();
    let mut ran_before_the_other = 0;
    namespace.wait("all run", || {
        let jobs: Value =
            serde_json::from_str(&kubectl(&SLOTS.control_plane, jobs, NOTHING).unwrap()).unwrap();
        let building = jobs["items"].as_array().unwrap().iter().filter(|job| !has_ended(job)).count();
        assert!(building <= MAX_BUILDS, "{building} build at once");
        let functions = namespace.list("functions");
        let condition = |function: &Value, kind: &str, key: &str| {
            let conditions = function["status"]["conditions"].as_array().cloned().unwrap_or_default();
            let found = conditions.iter().find(|condition| condition["type"] == kind).cloned();
            found.unwrap_or_default()[key].as_str().unwrap_or_default().to_owned()
        };
        for function in &functions {
            let message = condition(function, "BuildReady", "message");
            positions.extend(message.strip_prefix("Waiting for a build slot: place ").map(str::to_owned));
        }
        let run =
            functions.iter().filter(|function| condition(function, "Running", "status") == "True").count();
        if !other.condition("f", "BuildReady").starts_with("True") {
            ran_before_the_other = run;
        }
        run == names.len()
    });
    assert!(positions.contains("1 in the queue") && positions.len() >= 3, "{positions:?}");
    // It came last, from another namespace.
    assert!(ran_before_the_other <= 6, "{ran_before_the_other} were served before the other namespace");
    assert!(SLOTS.metric("serverless_controller_builds_waiting_peak") >= 5.0);
}

#[test]
fn those_that_are_gone_hold_up_nobody() {
    let namespace = Namespace::new(&SLOTS.control_plane, "gone");
    let names: Vec<_> = (0..10).map(|index| format!("f{index}")).collect();
    for name in &names {
        namespace.apply(name, &json!({}));
    }
    namespace.kubectl("delete functions --all --wait=false", NOTHING).unwrap();
    namespace.apply("last", &json!({}));
    namespace.await_condition("last", "Running", "True");
}

#[test]
fn a_job_that_is_taken_away_does_not_build_again_what_runs() {
    let namespace = Namespace::new(&CLUSTER.control_plane, "vanished");
    namespace.apply("demo", &json!({}));
    namespace.await_condition("demo", "Running", "True");
    namespace.kubectl("delete jobs --all", NOTHING).unwrap();
    // Long enough for a Job, which must not be created.
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(namespace.list("jobs"), [Value::Null; 0]);
    assert!(namespace.condition("demo", "BuildReady").starts_with("True JobFinished"));
}

#[test]
fn a_file_of_a_runtime_is_a_part_of_the_image_and_too_many_are_refused() {
    let namespace = Namespace::new(&CLUSTER.control_plane, "runtime-files");
    let put = |data: &Value| {
        namespace.kubectl("apply -f -", &runtime("dockerfile-nodejs-12", data)).unwrap();
    };
    namespace.apply("demo", &json!({}));
    namespace.await_condition("demo", "Running", "True");
    for server in ["1", "2"] {
        let image = namespace.image();
        put(&json!({"Dockerfile": "FROM node:12", "server.js": server}));
        namespace.wait("another image runs", || namespace.image() != image);
        namespace.await_condition("demo", "Running", "True");
    }
    let job = &namespace.list("jobs")[0];
    let mounts = &job["spec"]["template"]["spec"]["containers"][0]["volumeMounts"];
    let paths: Vec<_> =
        mounts.as_array().unwrap().iter().map(|mount| mount["mountPath"].as_str().unwrap()).collect();
    assert!(paths.contains(&"/workspace/runtime/server.js"), "{paths:?}");

    let image = namespace.image();
    let mut many = json!({"Dockerfile": "FROM node:12"});
    many.as_object_mut().unwrap().extend((0..33).map(|index| (format!("f{index}"), "".into())));
    put(&many);
    let expected = "False RuntimeMissing ConfigMap dockerfile-nodejs-12 in namespace runtime-files has 33 keys beside Dockerfile, and a build takes at most 32: ";
    namespace.await_condition("demo", "ConfigurationReady", expected);
    assert_eq!(namespace.image(), image);
}

/// As many builds as there are slots in the whole cluster.
#[test]
fn builds_that_get_no_pod_give_their_slots_back_within_two_minutes_and_say_why() {
    // On its own control plane, because no other builds can run for minutes.
    let cluster = Controlled::start_with(control_plane(), |client, metrics| async move {
        let config = Config { max_builds: 2, ..config() };
        run(&shared(client, metrics), &config, pending()).await;
    });
    let start = Instant::now();
    let restricted = Namespace::new(&cluster.control_plane, "restricted");
    let enforce = "label namespace restricted pod-security.kubernetes.io/enforce=restricted";
    kubectl(&cluster.control_plane, enforce, NOTHING).unwrap();
    let huge = Namespace::new(&cluster.control_plane, "huge");
    restricted.apply("demo", &json!({}));
    huge.apply("demo", &json!({"buildResources": {"requests": {"cpu": "1000000"}}}));
    for namespace in [&restricted, &huge] {
        namespace.await_condition("demo", "BuildReady", "Unknown JobRunning");
    }
    let victim = Namespace::new(&cluster.control_plane, "waits");
    victim.apply("shop", &json!({}));
    victim.await_condition("shop", "BuildReady", "Unknown BuildQueued");
    let running = || victim.condition("shop", "Running").starts_with("True");
    while !running() {
        assert!(start.elapsed() < Duration::from_secs(130), "{}", victim.condition("shop", "BuildReady"));
        std::thread::sleep(Duration::from_millis(200));
    }
    // The slot of one of them is enough for a build.
    for namespace in [&restricted, &huge] {
        namespace.await_condition("demo", "BuildReady", "False JobFailed");
    }
    let said = restricted.condition("demo", "BuildReady");
    let expected = "no Pod was created: Error creating: pods ";
    assert!(said.starts_with("False JobFailed Job demo-build-") && said.contains(expected), "{said}");
    assert!(said.contains("violates PodSecurity \"restricted:latest\": "), "{said}");
    let said = huge.condition("demo", "BuildReady");
    let expected = "its Pod cannot be scheduled: 0/1 nodes are available: 1 Insufficient cpu.";
    assert!(said.starts_with("False JobFailed Job demo-build-") && said.contains(expected), "{said}");
    for namespace in [&restricted, &huge] {
        let events = namespace.events("demo");
        assert!(
            events.iter().any(|event| event.starts_with("Warning JobFailed Job demo-build-")),
            "{events:?}"
        );
    }
}
