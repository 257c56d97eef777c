//! What a Function costs on a real node: from `kubectl apply` to the first answer, beside the same build and the same Pod
//! by hand. It runs in the namespaces of `tests/node/run.sh`, where `make bench-node` starts it; `make cluster NODE=real`
//! starts it with the argument `cluster`, and it only keeps the cluster running. With the argument `registries`, which
//! `make bench-nodes` gives, it measures the registry configuration of the node in place of Functions.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "tables for people, and how far they are")]
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
mod registries;
mod stages;
mod tables;
mod usage;
mod versions;
mod watch;

use std::time::{Duration, Instant};

use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use harness::call::call;
use harness::real_cluster::{CLUSTER, Namespace};
use stages::Round;
use tables::Figures;
use usage::Usage;
use versions::VERSIONS;
use watch::Watch;

/// A Function of the tables.
struct Case {
    name: &'static str,
    runtime: &'static str,
    dependencies: Option<&'static str>,
}

const CASES: [Case; 6] = [
    Case { name: "node", runtime: "nodejs22", dependencies: None },
    Case {
        name: "node-with-dependency",
        runtime: "nodejs22",
        dependencies: Some(r#"{"name": "n", "version": "1.0.0", "dependencies": {"ms": "2.1.3"}}"#),
    },
    Case { name: "node-always-npm", runtime: "always-npm", dependencies: None },
    Case { name: "python", runtime: "python313", dependencies: None },
    Case { name: "python-with-dependency", runtime: "python313", dependencies: Some("toolz==1.0.0\n") },
    Case { name: "python-always-pip", runtime: "always-pip", dependencies: None },
];

fn main() {
    let has = |name: &str| std::env::args().any(|argument| argument == name);
    if has("cluster") {
        cluster();
    } else if has("registries") {
        registries::figures();
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

/// `ROUNDS` rounds of each case, or of those whose names `CASES` lists, by turns.
fn figures() {
    let rounds = std::env::var("ROUNDS").map_or(5, |rounds| rounds.parse().unwrap());
    let chosen = std::env::var("CASES").ok();
    let is_chosen =
        |case: &&Case| chosen.as_ref().is_none_or(|names| names.split(',').any(|name| name == case.name));
    let cases: Vec<_> = CASES.iter().filter(is_chosen).collect();
    let usage = Usage::start();
    add_runtimes_that_always_install();
    let mut figures = Figures::default();
    for round in 0..rounds {
        for version in VERSIONS.iter() {
            version.install();
            for case in &cases {
                let measured = measure(case, version.name, round, &usage);
                eprintln!(
                    "round {round} {} {}: cold {:.1} s, changed line {:.1} s",
                    version.name,
                    case.name,
                    measured.cold.total(),
                    measured.warm.total()
                );
                figures.add(version.name, case.name, measured);
            }
        }
    }
    figures.print();
}

/// What one Function took.
pub struct Measured {
    cold: Round,
    cold_by_hand: f64,
    warm: Round,
    warm_by_hand: f64,
    /// CPU seconds and MiB of the cold build.
    usage: (f64, f64),
    image: f64,
}

fn measure(case: &Case, version: &str, round: usize, usage: &Usage) -> Measured {
    // A namespace has no layers of another one.
    let name: &'static str = format!("{}-{}-{round}", case.name, version).leak();
    let namespace = CLUSTER.namespace(name);
    let cold = applied_to_answer(&namespace, case, "one");
    let usage = usage.of(&last_build(&namespace));
    let cold_by_hand = by_hand::build_and_run(&namespace, case.name, "cold", "one");
    let warm = applied_to_answer(&namespace, case, "two");
    let warm_by_hand = by_hand::build_and_run(&namespace, case.name, "warm", "two");
    let image = image_size(&namespace, case.name);
    // What the next ones share a machine with.
    namespace.kubectl("delete functions --all");
    Measured { cold, cold_by_hand, warm, warm_by_hand, usage, image }
}

/// From `kubectl apply` until the Function answers with a text.
fn applied_to_answer(namespace: &Namespace, case: &Case, text: &str) -> Round {
    let source = match case.name.split('-').next() {
        Some("node") => format!("module.exports = {{ main: () => '{text}' }}"),
        _ => format!("def main(event, context):\n    return '{text}'\n"),
    };
    let mut spec = json!({"runtime": case.runtime, "source": source, "minReplicas": 1, "maxReplicas": 1});
    if let Some(dependencies) = case.dependencies {
        spec["deps"] = json!(dependencies);
    }
    let watch = Watch::start(namespace);
    let start = Timestamp::now();
    namespace.function(case.name, &spec);
    let (_, service) =
        watch.wait(Timestamp::UNIX_EPOCH, "Service", |service| service["metadata"]["name"] == case.name);
    let address = service["spec"]["clusterIP"].as_str().unwrap();
    let limit = Instant::now() + Duration::from_mins(5);
    while call((address, 80), "POST", "/", &[], b"").is_none_or(|answer| answer.body != text) {
        assert!(Instant::now() < limit, "{} does not answer", case.name);
        std::thread::sleep(Duration::from_millis(20));
    }
    Round::of(namespace, &watch, start, Timestamp::now())
}

/// The same runtimes as those of the cases, except that they install although there is nothing to install.
fn add_runtimes_that_always_install() {
    for (name, like, condition) in [
        ("always-npm", "nodejs-22", r#"[ "$(cat package.json)" = '{}' ] || "#),
        ("always-pip", "python-313", "! grep -q '[^[:space:]]' /kubeless/requirements.txt || "),
    ] {
        let words = format!("get configmap dockerfile-{like} --namespace=kyma-system -o json");
        let printed =
            harness::cluster::kubectl(&CLUSTER.control_plane, &words, harness::cluster::NOTHING).unwrap();
        let mut map: Value = serde_json::from_str(&printed).unwrap();
        let dockerfile = map["data"]["Dockerfile"].as_str().unwrap();
        let always = dockerfile.replace(condition, "");
        assert_ne!(always, dockerfile);
        let (_, steps) = always.split_once('\n').unwrap();
        let language = like.split('-').next().unwrap();
        let image = if language == "nodejs" { "node" } else { language };
        map["data"]["Dockerfile"] = json!(format!("ARG base_image=images.test:5002/{image}:1\n{steps}"));
        map["metadata"] = json!({
            "name": format!("dockerfile-{name}"),
            "labels": {"serverless.kyma-project.io/config": "runtime", "serverless.kyma-project.io/runtime": name},
            "annotations": {"serverless.kyma-project.io/language": language},
        });
        CLUSTER.apply("kyma-system", &map);
        let function = harness::cluster::function("probe", &json!({"runtime": name, "source": "x"}));
        let dry_run = "apply --dry-run=server -f -";
        let admitted = || harness::cluster::kubectl(&CLUSTER.control_plane, dry_run, &function).ok;
        harness::wait::wait_within(Duration::from_mins(2), "the runtime is admitted", admitted);
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
