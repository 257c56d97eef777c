//! The cost of long input for `replay` and `check`: time and memory of the release binary on one core. `make
//! bench-offline`.

#![allow(missing_docs, unreachable_pub, clippy::pedantic, reason = "a benchmark, not an interface")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How often the memory of the process is read.
const LOOK: Duration = Duration::from_millis(10);
const REVIEWS: usize = 200_000;
/// The approximate length of a log line, in bytes.
const LINE: usize = 2_000;
const MANIFESTS: usize = 10_000;

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [binary] = arguments.as_slice() else {
        panic!("the path of the binary is missing: use make bench-offline")
    };
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (log, half, manifests) = (
        folder.path().join("reviews.jsonl"),
        folder.path().join("half.jsonl"),
        folder.path().join("manifests"),
    );
    let bytes = write_reviews(&log, REVIEWS);
    write_reviews(&half, REVIEWS / 2);
    write_manifests(&manifests);
    println!("| input | command | seconds | CPU seconds | peak MiB |\n|---|---|---|---|---|");
    let reviews = format!("{REVIEWS} reviews, {} MB", bytes / 1_000_000);
    let half_of = format!("{} reviews", REVIEWS / 2);
    for (input, path, arguments) in [
        (half_of.as_str(), &half, &["replay"][..]),
        (&reviews, &log, &["replay"]),
        (&reviews, &log, &["replay", "--output", "json"]),
        (&reviews, &log, &["replay", "--output", "junit"]),
        (&format!("{MANIFESTS} manifests"), &manifests, &["check"]),
        (&format!("{MANIFESTS} manifests"), &manifests, &["check", "--diff", "--output", "sarif"]),
    ] {
        let (took, cpu, peak) = measure(binary, arguments, path);
        println!("| {input} | {} | {:.2} | {cpu:.2} | {peak:.1} |", arguments.join(" "), took.as_secs_f64());
    }
}

fn measure(binary: &str, arguments: &[&str], path: &Path) -> (Duration, f64, f64) {
    let start = Instant::now();
    let mut child = Command::new("taskset")
        .args(["--cpu-list", "0", binary])
        .args(arguments)
        .arg(path)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let (mut cpu, mut peak): (f64, f64) = (0.0, 0.0);
    while child.try_wait().unwrap().is_none() {
        peak = peak.max(peak_mib(&child).unwrap_or_default());
        cpu = cpu.max(cpu_seconds(&child).unwrap_or_default());
        std::thread::sleep(LOOK);
    }
    let took = start.elapsed();
    // 1: some input is refused.
    assert!(matches!(child.wait().unwrap().code(), Some(0 | 1)), "{arguments:?} failed");
    (took, cpu, peak)
}

/// The peak memory of the process so far; `None` when it has ended.
fn peak_mib(child: &Child) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse::<f64>().ok().map(|kib| kib / 1024.0)
}

/// The CPU time of the process so far, on whatever else the machine does meanwhile.
fn cpu_seconds(child: &Child) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).ok()?;
    // In hundredths, behind the name in brackets, which may hold anything.
    let fields: Vec<_> = stat.rsplit(')').next()?.split_whitespace().collect();
    let ticks: f64 = [11, 12].iter().filter_map(|field| fields.get(*field)?.parse::<f64>().ok()).sum();
    Some(ticks / 100.0)
}

fn function(number: usize) -> Value {
    let source = "module.exports = { main: (event, context) => event.data.name };\n";
    json!({
        "apiVersion": "serverless.kyma-project.io/v1alpha1",
        "kind": "Function",
        "metadata": {
            "name": format!("orders-{number}"),
            "namespace": format!("team-{}", number % 50),
            "labels": {"app": "orders", "serverless.kyma-project.io/function-resources-preset": "S"},
        },
        "spec": {
            "source": source.repeat(8),
            "runtime": if number.is_multiple_of(100) { "nodejs8" } else { "nodejs12" },
            "env": [{"name": "STAGE", "value": "production"}, {"name": "REGION", "value": "eu"}],
            "minReplicas": 1,
            "maxReplicas": 2,
        },
    })
}

/// Writes reviews of Functions that have their defaults, as in most writes; of new Functions; an audit log; and skipped
/// lines.
fn write_reviews(path: &Path, count: usize) -> u64 {
    let mut file = BufWriter::new(File::create(path).unwrap());
    let resources = json!({
        "limits": {"cpu": "100m", "memory": "128Mi"},
        "requests": {"cpu": "50m", "memory": "64Mi"},
    });
    for number in 0..count {
        let mut object = function(number);
        if !number.is_multiple_of(4) {
            object["spec"]["resources"] = resources.clone();
            object["spec"]["buildResources"] = resources_of_builds();
        }
        object["metadata"]["managedFields"] = json!([{"manager": "kubectl", "operation": "Update", "fieldsV1": {"f:spec": {"f:source": {}, "f:runtime": {}}}}]);
        let (plural, kind) = if number % 8 == 3 { ("pods", "Pod") } else { ("functions", "Function") };
        let group = if plural == "pods" { "" } else { "serverless.kyma-project.io" };
        let name = object["metadata"]["name"].clone();
        let namespace = object["metadata"]["namespace"].clone();
        let mut line = if number.is_multiple_of(2) {
            json!({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": {
                "uid": format!("95543cac-d990-5d4e-b87e-{number:012}"),
                "kind": {"group": group, "version": "v1alpha1", "kind": kind},
                "resource": {"group": group, "version": "v1alpha1", "resource": plural},
                "name": name, "namespace": namespace, "operation": "UPDATE",
                "userInfo": {"username": "jane", "groups": ["system:authenticated"]},
                "object": object, "dryRun": false,
            }})
        } else {
            json!({"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "RequestResponse",
                "auditID": format!("a-{number}"), "stage": "ResponseComplete", "verb": "update",
                "user": {"username": "jane"}, "responseStatus": {"code": 200}, "requestObject": object,
                "objectRef": {"resource": plural, "namespace": namespace, "name": name, "apiGroup": group, "apiVersion": "v1alpha1"},
            })
        };
        let length = line.to_string().len();
        line["padding"] = "x".repeat(LINE.saturating_sub(length + 13)).into();
        writeln!(file, "{line}").unwrap();
    }
    file.flush().unwrap();
    path.metadata().unwrap().len()
}

fn resources_of_builds() -> Value {
    json!({
        "limits": {"cpu": "1100m", "memory": "1100Mi"},
        "requests": {"cpu": "700m", "memory": "700Mi"},
    })
}

fn write_manifests(folder: &Path) {
    for number in 0..MANIFESTS {
        let team = folder.join(format!("team-{}", number % 50));
        std::fs::create_dir_all(&team).unwrap();
        let manifest = serde_saphyr::to_string(&function(number)).unwrap();
        std::fs::write(team.join(format!("orders-{number}.yaml")), manifest).unwrap();
    }
}
