//! The floor: the same build Pod and the same Pod of the Function, created by hand.

use std::time::{Duration, Instant};

use k8s_openapi::jiff::Timestamp;

use serde_json::{Value, json};

use crate::harness::call::call;
use crate::harness::real_cluster::Namespace;
use crate::watch::Watch;

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
    let watch = Watch::start(namespace);
    let start = Instant::now();
    namespace.apply(&pod(&name, &build));
    let shown = |name: &str, holds: &dyn Fn(&Value) -> bool| {
        watch
            .wait(Timestamp::UNIX_EPOCH, "Pod", |pod| {
                pod["metadata"]["name"] == name && holds(&pod["status"])
            })
            .1
    };
    shown(&name, &|status| status["phase"] == "Succeeded");
    let mut run = deployment["spec"]["template"]["spec"].clone();
    run["containers"][0]["image"] = json!(image.unwrap());
    let name = format!("run-by-hand-{temperature}");
    namespace.apply(&pod(&name, &run));
    let pod = shown(&name, &|status| status["podIP"].is_string());
    let address = pod["status"]["podIP"].as_str().unwrap();
    while call((address, 8080), "POST", "/", &[], b"").is_none_or(|answer| answer.body != text) {
        assert!(start.elapsed() < Duration::from_mins(5), "in vain");
        std::thread::sleep(Duration::from_millis(20));
    }
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
