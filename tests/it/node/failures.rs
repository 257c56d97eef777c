//! What goes wrong on the node ends in the condition of its Function, with the cause in words, and holds up no other.

use serde_json::{Value, json};

use crate::harness::real_cluster::{CLUSTER, Namespace};

/// What `Ready` says of a Function after its build has failed, without the name of the Job.
fn of_build(namespace: &Namespace, name: &str, spec: &Value) -> String {
    namespace.function(name, spec);
    let said = namespace.await_condition(name, |ready, said| ready == "False" && said.starts_with("Job "));
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
fn a_build_that_fails_says_why_and_what_helps_and_the_next_one_goes_on() {
    let namespace = CLUSTER.namespace("failing-builds");
    let unknown_to_npm =
        r#"{"name": "n", "version": "1.0.0", "dependencies": {"no-such-package-here": "1.0.0"}}"#;
    let unknown_to_npm = with(hello(), "deps", unknown_to_npm);
    let unknown_to_pip = json!({
        "runtime": "python313", "source": "def main(e, c): return 1", "deps": "no-such-package-here==1.0\n",
    });
    let no_base_image = with(hello(), "runtime", "nodejs24");
    for (name, spec, expected) in [
        (
            "unknown-to-npm",
            unknown_to_npm,
            r#"failed to solve: process "/bin/sh -c cd /kubeless && [ \"$(cat package.json)\" = '{}' ] || npm install --no-audit --no-fund --no-package-lock" did not complete successfully: exit code: 1: npm error 404  'no-such-package-here@1.0.0' is not in this registry. (there is no such package or version: correct its name or version in spec.deps)"#,
        ),
        (
            "unknown-to-pip",
            unknown_to_pip,
            r#"failed to solve: process "/bin/sh -c ! grep -q '[^[:space:]]' /kubeless/requirements.txt || pip install --no-cache-dir --disable-pip-version-check --target /kubeless/packages -r /kubeless/requirement… did not complete successfully: exit code: 1: ERROR: No matching distribution found for no-such-package-here==1.0 (there is no such package or version: correct its name or version in spec.deps)"#,
        ),
        (
            "no-base-image",
            no_base_image,
            "failed to solve: images.test:5002/absent:1: failed to resolve source metadata for images.test:5002/absent:1: images.test:5002/absent:1: not found (the base image of the runtime cannot be pulled: correct its name in ConfigMap dockerfile-nodejs-24, or in runtimes of the controller's configuration)",
        ),
    ] {
        assert_eq!(of_build(&namespace, name, &spec), expected);
    }
    namespace.function("next", &hello());
    namespace.await_ready("next");
}

#[test]
#[ignore = "it needs a node: make test-node"]
fn a_dockerfile_that_fails_and_one_whose_step_finds_no_space_are_named() {
    let namespace = CLUSTER.namespace("failing-dockerfiles");
    let cases = [
        (
            "failing",
            "RUN echo the step says why >&2; exit 3",
            "failed to solve: process \"/bin/sh -c echo the step says why >&2; exit 3\" did not complete successfully: exit code: 3: the step says why",
        ),
        (
            "filling",
            "RUN echo full >/dev/full",
            "failed to solve: process \"/bin/sh -c echo full >/dev/full\" did not complete successfully: exit code: 1: sh: write error: No space left on device (the build needs more disk than it has: install less, or ask the operator for a node with more disk)",
        ),
        (
            "mistyped",
            "RAN true",
            "failed to solve: dockerfile parse error on line 3: unknown instruction: RAN (did you mean RUN?) (the operator corrects the Dockerfile in ConfigMap dockerfile-mistyped)",
        ),
    ];
    for (runtime, step, _) in cases {
        CLUSTER.add_runtime(runtime, &format!("ARG base_image\nFROM images.test:5002/node:1\n{step}\n"));
    }
    for (runtime, _, expected) in cases {
        let spec = with(hello(), "runtime", runtime);
        namespace.function_of_new_runtime(runtime, &spec);
        assert_eq!(of_build(&namespace, runtime, &spec), expected);
    }
}

#[test]
#[ignore = "it needs a node: make test-node"]
fn a_registry_that_refuses_the_push_and_a_pod_that_crashes_are_named() {
    let namespace = CLUSTER.namespace("refused");
    namespace.use_registry(&CLUSTER.registries[1], "wrong");
    let refused = of_build(&namespace, "refused", &hello());
    let start = "failed to solve: failed to push registry.test:5001/functions/refused-refused:";
    let end = ": 401 Unauthorized (the registry refuses the credentials of Secret serverless-registry-config: correct its username and password)";
    assert!(refused.starts_with(start) && refused.ends_with(end), "{refused}");

    let namespace = CLUSTER.namespace("crashing");
    namespace.function("crashing", &with(hello(), "source", "throw new Error('it cannot start')"));
    let said = namespace
        .await_condition("crashing", |ready, said| ready == "False" && said.starts_with("Deployment "));
    let (_, why) = said.split_once(" crashes: ").unwrap_or_else(|| panic!("{said}"));
    assert_eq!(why, "/kubeless/handler.js cannot be loaded: Error: it cannot start");
}
