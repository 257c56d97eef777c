//! The cost of the shape of a body, and the peak memory of a server under each attack: `make bench-shapes`.
//!
//! Each shape is reviewed in a separate process, so that only the review uses its memory. Then as many clients as the
//! server handles in parallel send it to the release binary at the same time.

#![allow(missing_docs, unreachable_pub, clippy::pedantic, reason = "a benchmark, not an interface")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

mod bodies;
mod server;

use std::process::Command;
use std::time::{Duration, Instant};

use bodies::{SHAPES, Shape};
use server::Server;
use serverless_webhook::admission::review::review;
use serverless_webhook::admission::routes::{ENDPOINTS, Endpoint};
use tokio::runtime::Runtime;

/// The size of bodies: about the largest that the API server sends, with object and old object.
const SIZE: usize = 3_500_000;
/// `--max-in-flight` of the server.
const IN_FLIGHT: usize = 256;
/// The limit of `manifests/webhook/deployment.yaml`, in MiB.
const LIMIT_MIB: f64 = 160.0;

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.as_slice() {
        [work, label, file] if work == "work" => work_on(endpoint(label), &std::fs::read(file).unwrap()),
        [binary] => {
            let worst = shapes(binary).max(attacks(binary));
            println!("\nThe worst of all: {worst:.1} MiB; the limit of the manifests is {LIMIT_MIB} MiB.");
            assert!(worst < LIMIT_MIB, "the limit of the manifests does not hold");
        }
        [only, binary] if only == "shapes" => drop(shapes(binary)),
        [only, binary] if only == "attacks" => drop(attacks(binary)),
        _ => panic!("the path of the release binary is missing: use make bench-shapes"),
    }
}

pub fn endpoint(label: &str) -> &'static Endpoint {
    ENDPOINTS.iter().find(|endpoint| endpoint.label == label).unwrap()
}

/// A line of the status of a process, in KiB.
pub fn status(process: &str, name: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Reviews a body in a process that has done nothing else. Prints its size, the nanoseconds, and the memory in addition
/// to the body itself.
fn work_on(endpoint: &Endpoint, body: &[u8]) {
    let config = serverless_webhook::config::parse(None, |_| None).unwrap();
    // 5: resets the peak.
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = status("self", "VmRSS:");
    let mut best = Duration::MAX;
    let mut peak = 0.0;
    for round in 0..5 {
        let start = Instant::now();
        let reviewed = review(endpoint, &config, body).unwrap();
        best = best.min(start.elapsed());
        drop(reviewed);
        if round == 0 {
            peak = status("self", "VmHWM:") - before;
        }
    }
    println!("{} {} {}", body.len(), best.as_nanos(), (peak * 1024.0) as u64);
}

fn measure(shape: &Shape, size: usize) -> [f64; 3] {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), (shape.body)(size)).unwrap();
    let own = std::env::current_exe().unwrap();
    let output = Command::new(own).args(["work", shape.endpoint]).arg(file.path()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let figures: Vec<f64> = text.split_whitespace().map(|figure| figure.parse().unwrap()).collect();
    [figures[0], figures[1], figures[2]]
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Measures the cost of each shape. Returns the peak memory of a server, in MiB.
fn shapes(binary: &str) -> f64 {
    let runtime = runtime();
    println!(
        "| shape | endpoint | bytes | ns/byte | ns/byte of a quarter | memory/byte | peak MiB of a server, {IN_FLIGHT} at once | answered |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let mut worst: f64 = 0.0;
    for shape in &SHAPES {
        let [quarter, quarter_ns, _] = measure(shape, SIZE / 4);
        let [bytes, ns, memory] = measure(shape, SIZE);
        let server = Server::start(binary);
        let path = endpoint(shape.endpoint).path;
        let answered = runtime.block_on(server.ask(IN_FLIGHT, path, &(shape.body)(SIZE)));
        let peak = server.peak_mib();
        worst = worst.max(peak);
        println!(
            "| {} | {} | {bytes:.0} | {:.2} | {:.2} | {:.2} | {peak:.1} | {answered} |",
            shape.name,
            shape.endpoint,
            ns / bytes,
            quarter_ns / quarter,
            memory / bytes
        );
    }
    worst
}

/// Measures the cost of each attack. Returns the peak memory of a server, in MiB.
fn attacks(binary: &str) -> f64 {
    let runtime = runtime();
    let mut worst: f64 = 0.0;
    println!("\n| attack | peak MiB |\n|---|---|");
    let mut attack = |name: &str, run: &dyn Fn(&Server)| {
        let server = Server::start(binary);
        run(&server);
        let peak = server.peak_mib();
        worst = worst.max(peak);
        println!("| {name} | {peak:.1} |");
    };
    let body = |name: &str, size| (SHAPES.iter().find(|shape| shape.name == name).unwrap().body)(size);
    let (functions, secrets) = ("/validation/functions", "/mutation/registry-secrets");
    let defaulting = "/defaulting/functions";
    let quotes = body("one label key of quotes, wrong value", 6_600_000);
    attack("a label key of 3.3 MB of quotes, 8 clients that do not read", &|server| {
        runtime.block_on(server.ask_unread(8, functions, &quotes));
    });
    let name = body("request.name", 7_000_000);
    attack("request.name of 7 MB, 8 clients that do not read", &|server| {
        runtime.block_on(server.ask_unread(8, functions, &name));
    });
    let create = body("one label key of quotes, wrong value", 3_000_000);
    attack("24 concurrent creates with a label key of 1.5 MB", &|server| {
        runtime.block_on(async { server.ask(24, defaulting, &create).await });
    });
    let many = body("spec.env, 1,000 wrong names", 100_000);
    attack("512 clients that do not read answers of 64 KiB", &|server| {
        runtime.block_on(server.ask_unread(512, functions, &many));
    });
    let docker = body("Secret, 1 MiB of docker configuration", SIZE);
    attack("256 clients that do not read a patch of 2 MiB", &|server| {
        runtime.block_on(server.ask_unread(256, secrets, &docker));
    });
    attack("512 clients that send 128 KiB of 7 MiB", &|server| {
        runtime.block_on(server.send_half(512, 7 << 20, 128 << 10));
    });
    attack("512 clients that announce 7 MiB and send nothing", &|server| {
        runtime.block_on(server.send_half(512, 7 << 20, 0));
    });
    worst
}
