//! A registry that cannot run its credential helper would pull as nobody: its Pod does not start.

use std::time::Instant;

use serde_json::{Value, json};

use super::cache::{Cache, LONG, system};

/// Starts a copy of the Pod of a cache that looks for its helper elsewhere.
pub fn does_not_start(cache: &Cache) {
    let of_cache = system().kubectl(&format!("get pod {} -o json", cache.pod()));
    let of_cache: Value = serde_json::from_str(&of_cache).unwrap();
    let mut spec = of_cache["spec"].clone();
    assert_eq!(spec["initContainers"][0]["args"][2], "/helper/docker-credential-cache");
    spec["initContainers"][0]["args"][2] = json!("/helper/elsewhere");
    for volume in spec["volumes"].as_array_mut().unwrap() {
        if volume["name"] == "cache-volume" {
            *volume = json!({"name": "cache-volume", "emptyDir": {}});
        }
    }
    let name = "without-helper";
    system().apply(&json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}));
    let events =
        format!("get events --field-selector involvedObject.name={name} -o jsonpath={{.items[*].message}}");
    let state = format!(
        "get pod {name} -o jsonpath={{range.status.containerStatuses[*]}}{{.name}}={{.started}}/{{.ready}}_{{end}}"
    );
    let deadline = Instant::now() + LONG;
    loop {
        let (said, state) = (system().kubectl(&events), system().kubectl(&state));
        let is_known = said.contains("Startup probe") && said.contains("/helper/docker-credential-cache");
        // The gateway is ready: it has the credentials.
        if is_known && state == "gateway=true/true_registry=false/false_" {
            break;
        }
        let explained = || system().kubectl(&format!("describe pod {name}"));
        assert!(Instant::now() < deadline, "{state}\n{said}\n{}", explained());
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    system().kubectl(&format!("delete pod {name} --now"));
}
