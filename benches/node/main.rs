//! What a Function costs on a real node: from `kubectl apply` to the first answer, beside the same build and the same Pod
//! by hand. It runs in the namespaces of `tests/node/run.sh`, where `make bench-node` starts it; `make cluster NODE=real`
//! starts it with the argument `cluster`, and it only keeps the cluster running.
#![allow(clippy::print_stdout, reason = "tables for people")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "it fails by panicking"
)]
#![allow(dead_code, unreachable_pub, unused_imports, reason = "the tests use more of the harness")]

mod by_hand;
mod harness;
mod usage;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use harness::call::call;
use harness::real_cluster::{CLUSTER, Namespace};
use usage::Usage;

/// A Function of the tables.
struct Case {
    name: &'static str,
    runtime: &'static str,
    dependencies: Option<&'static str>,
}

const CASES: [Case; 4] = [
    Case { name: "node", runtime: "nodejs22", dependencies: None },
    Case {
        name: "node-with-dependency",
        runtime: "nodejs22",
        dependencies: Some(r#"{"name": "n", "version": "1.0.0", "dependencies": {"ms": "2.1.3"}}"#),
    },
    Case { name: "python", runtime: "python313", dependencies: None },
    Case { name: "python-with-dependency", runtime: "python313", dependencies: Some("toolz==1.0.0\n") },
];

fn main() {
    if std::env::args().any(|argument| argument == "cluster") {
        cluster();
    } else {
        figures();
    }
}

/// Runs until Ctrl-C.
fn cluster() {
    let started = Instant::now();
    let kubeconfig = CLUSTER.control_plane.kubeconfig();
    std::os::unix::fs::symlink(kubeconfig, "/run/kubeconfig").unwrap();
    println!(
        "\nready in {:.0} s; in another terminal:\n\n  \
         tests/node/enter.sh      # a shell in which kubectl and curl reach the cluster\n  \
         kubectl apply -f fixtures/manifests/hello.yaml\n  \
         kubectl wait --for=condition=Ready --timeout=5m function/hello\n  \
         curl -H 'Content-Type: application/json' -d '{{\"name\": \"Ada\"}}' http://hello.default.svc.cluster.local\n\n\
         Packages come from a mirror that has few: no Function can install others. Ctrl-C ends everything and deletes it.",
        started.elapsed().as_secs_f64()
    );
    loop {
        std::thread::park();
    }
}

fn figures() {
    let usage = Usage::start();
    println!(
        "Cold: the build has no layers in its cache. From the second Function of a runtime on, the node has the base image.\n"
    );
    println!(
        "| Function | cold s | by hand s | changed line s | by hand s | build CPU s | build peak MiB | image MB |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for case in &CASES {
        // A namespace has no layers of another one.
        let namespace = CLUSTER.namespace(case.name);
        let cold = applied_to_answer(&namespace, case, "one");
        let (cpu, peak) = usage.of(&last_build(&namespace));
        let cold_by_hand = by_hand::build_and_run(&namespace, case.name, "cold", "one");
        let warm = applied_to_answer(&namespace, case, "two");
        let warm_by_hand = by_hand::build_and_run(&namespace, case.name, "warm", "two");
        let size = image_size(&namespace, case.name);
        println!(
            "| {} | {cold:.1} | {cold_by_hand:.1} | {warm:.1} | {warm_by_hand:.1} | {cpu:.1} | {peak:.0} | {size:.1} |",
            case.name
        );
    }
}

/// Seconds from `kubectl apply` until the Function answers with a text.
fn applied_to_answer(namespace: &Namespace, case: &Case, text: &str) -> f64 {
    let source = match case.runtime {
        "nodejs22" => format!("module.exports = {{ main: () => '{text}' }}"),
        _ => format!("def main(event, context):\n    return '{text}'\n"),
    };
    let mut spec = json!({"runtime": case.runtime, "source": source, "minReplicas": 1, "maxReplicas": 1});
    if let Some(dependencies) = case.dependencies {
        spec["deps"] = json!(dependencies);
    }
    let start = Instant::now();
    namespace.function(case.name, &spec);
    let mut address = String::new();
    loop {
        if address.is_empty() {
            address = namespace.kubectl(&format!(
                "get service {} --ignore-not-found -o jsonpath={{.spec.clusterIP}}",
                case.name
            ));
        } else if call((&address, 80), "POST", "/", &[], b"").is_some_and(|answer| answer.body == text) {
            return start.elapsed().as_secs_f64();
        }
        assert!(start.elapsed() < Duration::from_mins(5), "{} does not answer", case.name);
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The UID of the Pod of the only build.
fn last_build(namespace: &Namespace) -> String {
    namespace.kubectl("get pods --selector=job-name -o jsonpath={.items[-1:].metadata.uid}")
}

/// The bytes of an image in its registry, in MB.
fn image_size(namespace: &Namespace, function: &str) -> f64 {
    let image = namespace.kubectl(&format!("get function {function} -o jsonpath={{.status.image}}"));
    let registry = &CLUSTER.registries[0];
    let docker_config = registry.docker_config(harness::real_cluster::PASSWORD);
    let manifest = harness::registry::crane(&docker_config, &["manifest", "--insecure", &image]).unwrap();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    let sizes = manifest["layers"].as_array().unwrap().iter().map(|layer| layer["size"].as_f64().unwrap());
    sizes.sum::<f64>() / 1e6
}
