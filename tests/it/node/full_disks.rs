//! Builds whose disk is really full: on a small file system, and on one of which the Pod may take only a part.

use serde_json::{Value, json};

use crate::harness::cluster::kubectl;
use crate::harness::real_cluster::{CLUSTER, Namespace};
use crate::harness::wait::wait_until;

/// Lets builds of a namespace have another directory for layers, as an operator can do it. The API server applies a policy
/// a moment after it has stored it.
fn with_disk(namespace: &Namespace, volume: &str) {
    let name = namespace.name;
    let policy = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicy", "metadata": {"name": name},
        "spec": {
            "matchConstraints": {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}},
                "resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}],
            },
            "matchConditions": [{"name": "build", "expression": "object.spec.volumes.exists(volume, volume.name == 'buildkit')"}],
            "reinvocationPolicy": "Never",
            "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": format!(
                "Object{{spec: Object.spec{{volumes: [Object.spec.volumes{{name: 'buildkit', emptyDir: Object.spec.volumes.emptyDir{{{volume}}}}}]}}}}"
            )}}],
        },
    });
    let binding = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicyBinding", "metadata": {"name": name},
        "spec": {"policyName": name},
    });
    for object in [policy, binding] {
        CLUSTER.apply("default", &object);
    }
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "disk"},
        "spec": {"containers": [{"name": "disk", "image": "disk"}], "volumes": [{"name": "buildkit", "emptyDir": {}}]},
    });
    let limit = "jsonpath={.spec.volumes[?(@.name=='buildkit')].emptyDir.sizeLimit}";
    let words = format!("create --dry-run=server --namespace={name} -o {limit} -f -");
    let limited = || !kubectl(&CLUSTER.control_plane, &words, &pod).out.is_empty();
    wait_until("the API server applies the policy", limited);
}

fn hello(runtime: &str) -> Value {
    json!({"runtime": runtime, "source": "module.exports = { main: () => 'Hello' }"})
}

/// Why the build of a Function has failed, according to `Ready`.
fn why(namespace: &Namespace, function: &str) -> String {
    let said =
        namespace.await_condition(function, |ready, said| ready == "False" && said.starts_with("Job "));
    said.split_once(" failed: ").unwrap().1.to_owned()
}

#[test]
#[ignore = "it needs a node: make test-node"]
fn a_full_disk_and_one_above_its_limit_are_named_and_other_builds_go_on() {
    CLUSTER.add_runtime("long", "ARG base_image\nFROM images.test:5002/node:1\nRUN sleep 600\n");
    let full = CLUSTER.namespace("full-disk");
    with_disk(&full, "medium: 'Memory', sizeLimit: '16Mi'");
    let limited = CLUSTER.namespace("limited-disk");
    with_disk(&limited, "sizeLimit: '64Mi'");
    full.function("full", &hello("nodejs22"));
    limited.function_of_new_runtime("limited", &hello("long"));

    let said = why(&full, "full");
    // Chance decides which of its writes finds the disk full.
    let start = "failed to solve: ";
    let end = ": no space left on device (the build needs more disk than it has: install less, or ask the operator for a node with more disk)";
    assert!(said.starts_with(start) && said.ends_with(end), "{said}");
    let expected = "Usage of EmptyDir volume \"buildkit\" exceeds the limit \"64Mi\". (a build may take no more disk than this: install less)";
    assert_eq!(why(&limited, "limited"), expected);

    let other = CLUSTER.namespace("enough-disk");
    other.function("next", &hello("nodejs22"));
    other.await_ready("next");
}
