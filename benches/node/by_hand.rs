//! The floor: the same build Pod and the same Pod of the Function, created by hand.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::call::call;
use crate::harness::real_cluster::Namespace;

/// Builds what the last Job of a Function has built, under another name and with another cache, runs it, and returns the
/// seconds until it answers with a text. `cold` has no layers; `warm` has those of `cold`, with another source.
pub fn build_and_run(namespace: &Namespace, function: &str, temperature: &str, text: &str) -> f64 {
    let job = get(namespace, "jobs --sort-by=.metadata.creationTimestamp")["items"]
        .as_array()
        .unwrap()
        .last()
        .unwrap()
        .clone();
    let deployment = get(namespace, "deployments")["items"][0].clone();
    let mut build = job["spec"]["template"]["spec"].clone();
    let repository = format!("registry.test:5000/functions/{}-{function}", namespace.name);
    let by_hand = format!("{repository}-by-hand");
    for arg in build["containers"][0]["args"].as_array_mut().unwrap() {
        *arg = json!(arg.as_str().unwrap().replace(&repository, &by_hand));
    }
    let image = build["containers"][0]["args"].as_array().unwrap().iter().find_map(|arg| {
        let rest = arg.as_str().unwrap().strip_prefix("--output=type=image,name=")?;
        Some(rest.split(',').next().unwrap().to_owned())
    });
    let name = format!("build-by-hand-{temperature}");
    let start = Instant::now();
    namespace.apply(&pod(&name, &build));
    await_that(start, || {
        namespace.kubectl(&format!("get pod {name} -o jsonpath={{.status.phase}}")) == "Succeeded"
    });
    let mut run = deployment["spec"]["template"]["spec"].clone();
    run["containers"][0]["image"] = json!(image.unwrap());
    let name = format!("run-by-hand-{temperature}");
    namespace.apply(&pod(&name, &run));
    let mut address = String::new();
    await_that(start, || {
        if address.is_empty() {
            address = namespace.kubectl(&format!("get pod {name} -o jsonpath={{.status.podIP}}"));
            return false;
        }
        call((&address, 8080), "POST", "/", &[], b"").is_some_and(|answer| answer.body == text)
    });
    let seconds = start.elapsed().as_secs_f64();
    namespace.kubectl(&format!("delete pod {name} --now"));
    seconds
}

fn get(namespace: &Namespace, what: &str) -> Value {
    serde_json::from_str(&namespace.kubectl(&format!("get {what} -o json"))).unwrap()
}

fn pod(name: &str, spec: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec})
}

fn await_that(start: Instant, mut holds: impl FnMut() -> bool) {
    while !holds() {
        assert!(start.elapsed() < Duration::from_mins(5), "in vain");
        std::thread::sleep(Duration::from_millis(100));
    }
}
