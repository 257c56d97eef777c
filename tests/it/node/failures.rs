//! What goes wrong on the node ends in the condition of its Function, with the cause in words, and holds up no other.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::cluster::{function, kubectl};
use crate::harness::real_cluster::{CLUSTER, Namespace, secret};
use crate::harness::wait::wait_within;

/// What `Ready` says of a Function after its build has failed, without the name of the Job.
fn of_build(namespace: &Namespace, name: &str, spec: &Value) -> String {
    namespace.function(name, spec);
    let said = namespace.await_condition(name, |ready, said| ready == "False" && said.starts_with("Job "));
    println!("FAILURE {name}: {said}");
    said.split_once(" failed: ").unwrap().1.to_owned()
}

fn hello() -> Value {
    json!({"runtime": "nodejs22", "source": "module.exports = { main: () => 'Hello' }"})
}

fn with(mut spec: Value, field: &str, value: &str) -> Value {
    spec[field] = json!(value);
    spec
}

#[test]
#[ignore = "it needs a node: make test-node"]
fn a_build_that_fails_says_why_and_what_helps() {
    let namespace = CLUSTER.namespace("failing-builds");
    let deps = r#"{"name": "n", "version": "1.0.0", "dependencies": {"no-such-package-here": "1.0.0"}}"#;
    of_build(&namespace, "unknown-npm", &with(hello(), "deps", deps));
    let python = json!({"runtime": "python313", "source": "def main(e, c): return 1", "deps": "no-such-package-here==1.0\n"});
    of_build(&namespace, "unknown-pip", &python);
    of_build(&namespace, "no-base-image", &with(hello(), "runtime", "nodejs24"));
}

#[test]
#[ignore = "it needs a node: make test-node"]
fn a_dockerfile_that_fails_and_one_that_fills_the_disk_are_named() {
    let namespace = CLUSTER.namespace("failing-dockerfiles");
    for (runtime, step) in [
        ("failing", "RUN echo the step says why >&2; exit 3"),
        ("filling", "RUN head -c 1 /dev/zero >/dev/full"),
        ("typing", "RAN true"),
    ] {
        add_runtime(runtime, &format!("ARG base_image\nFROM images.test:5002/node:1\n{step}\n"));
        let spec = with(hello(), "runtime", runtime);
        // The webhook learns a new runtime a moment later.
        wait_within(Duration::from_mins(2), "the runtime is admitted", || {
            kubectl(
                &CLUSTER.control_plane,
                "apply --namespace=failing-dockerfiles -f -",
                &function(runtime, &spec),
            )
            .ok
        });
        of_build(&namespace, runtime, &spec);
    }
}

fn add_runtime(name: &str, dockerfile: &str) {
    let label = |key: &str| format!("serverless.kyma-project.io/{key}");
    let metadata = json!({
        "name": format!("dockerfile-{name}"),
        "labels": {(label("config")): "runtime", (label("runtime")): name},
        "annotations": {(label("language")): "nodejs"},
    });
    let data = json!({"Dockerfile": dockerfile});
    CLUSTER.apply(
        "kyma-system",
        &json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}),
    );
}

#[test]
#[ignore = "it needs a node: make test-node"]
fn a_registry_that_refuses_the_push_and_a_pod_that_crashes_are_named() {
    let namespace = CLUSTER.namespace("refused");
    let labels = json!({"serverless.kyma-project.io/remote-registry": "config", "serverless.kyma-project.io/managed-by": "user"});
    let metadata = json!({"name": "serverless-registry-config", "labels": labels});
    namespace.apply(&secret(&metadata, &CLUSTER.registries[1].secret("wrong")));
    of_build(&namespace, "refused", &hello());
    let namespace = CLUSTER.namespace("crashing");
    let crash = with(hello(), "source", "throw new Error('it cannot start')");
    namespace.function("crashing", &crash);
    let said =
        namespace.await_condition("crashing", |ready, said| ready == "False" && said.contains("Error"));
    println!("FAILURE crashing: {said}");
}
