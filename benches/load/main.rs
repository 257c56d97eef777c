//! The server under load, over TLS on loopback, compared with an endpoint that only echoes the uid: `make bench`.
//!
//! The server is a separate process, so that its CPU time and memory can be measured. Figures can be compared only
//! within one run.

#![allow(missing_docs, unreachable_pub, clippy::pedantic, reason = "a benchmark, not an interface")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

mod bodies;
mod client;
mod process;
mod rates;
mod server;

use std::fmt::Write as _;
use std::time::Duration;

use client::review;
use process::Process;
use rates::{Load, Target};

const CONNECTIONS: usize = 32;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_millis(1500);
const PACED_ROUNDS: usize = 15;
const PACED_ROUND: Duration = Duration::from_millis(400);

fn main() {
    if std::env::args().nth(1).as_deref() == Some("serve") {
        return server::run();
    }
    let runtime =
        tokio::runtime::Builder::new_current_thread().event_interval(8).enable_all().build().unwrap();
    let report = runtime.block_on(measure());
    println!("{report}");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/target/bench.md");
    std::fs::write(path, report).unwrap();
}

async fn measure() -> String {
    let mut report = String::new();
    let targets = targets();
    let process = Process::start();
    let idle = process.server.resident_mib();
    rates(&process, &targets, &mut report).await;
    let peak = process.server.peak_mib();
    handshakes(&process, &mut report).await;
    drop(process);
    memory(idle, peak, &mut report).await;
    latencies(&targets, &mut report).await;
    report
}

fn targets() -> Vec<Target> {
    let body = |label: &str| bodies::of(label);
    let mut targets = vec![review("echo of the uid", "/echo", body("validation-functions"))];
    for endpoint in &serverless_webhook::admission::routes::ENDPOINTS {
        targets.push(review(endpoint.path, endpoint.path, body(endpoint.label)));
    }
    targets.push(review("/validation/functions, 1 MiB", "/validation/functions", bodies::one_mebibyte()));
    targets
}

/// The throughput of the server: each connection sends a new request as soon as it has its answer. Rounds alternate
/// between all targets, so that other load on the machine affects all alike.
async fn rates(process: &Process, targets: &[Target], report: &mut String) {
    let mut rates = vec![Load::default(); targets.len()];
    for _ in 0..ROUNDS {
        for (target, load) in targets.iter().zip(&mut rates) {
            load.add(rates::closed(&process.server, target, CONNECTIONS, ROUND).await);
        }
    }
    let echo = rates[0].rate();
    report.push_str("| 32 connections, server and client share two cores | body bytes | requests/s | of echo | p50 ms | p99 ms | server CPU µs |\n|---|---|---|---|---|---|---|\n");
    for (target, load) in targets.iter().zip(&mut rates) {
        let _ = writeln!(
            report,
            "| {} | {} | {:.0} | {:.0} % | {:.2} | {:.2} | {:.1} |",
            target.name,
            target.body,
            load.rate(),
            100.0 * load.rate() / echo,
            load.quantile(0.5),
            load.quantile(0.99),
            load.cpu_micros(),
        );
    }
}

/// The latency at four fifths of the throughput of a server on one core. A shared machine stops now and then for
/// milliseconds: the median over short rounds shows the server, the worst latency shows the machine.
async fn latencies(targets: &[Target], report: &mut String) {
    process::pin_client();
    let process = Process::start_pinned();
    report.push_str("\n| 32 connections, server on one core | requests/s at most | offered | p50 ms | p99 ms, median of rounds | p99 ms, worst round |\n|---|---|---|---|---|---|\n");
    for target in targets {
        let rate = rates::closed(&process.server, target, CONNECTIONS, ROUND * 2).await.rate();
        let (mut p50, mut p99) = (Vec::new(), Vec::new());
        for _ in 0..PACED_ROUNDS {
            let mut load = rates::paced(&process.server, target, CONNECTIONS, rate * 0.8, PACED_ROUND).await;
            p50.push(load.quantile(0.5));
            p99.push(load.quantile(0.99));
        }
        p50.sort_by(f64::total_cmp);
        p99.sort_by(f64::total_cmp);
        let _ = writeln!(
            report,
            "| {} | {rate:.0} | {:.0} | {:.2} | {:.2} | {:.2} |",
            target.name,
            rate * 0.8,
            p50[PACED_ROUNDS / 2],
            p99[PACED_ROUNDS / 2],
            p99[PACED_ROUNDS - 1],
        );
    }
}

async fn handshakes(process: &Process, report: &mut String) {
    let load = client::handshakes(&process.server, CONNECTIONS, ROUND * 2).await;
    let _ = writeln!(
        report,
        "\nFull TLS 1.3 handshakes (P-256, no resumption), each with one review: {:.0}/s, server CPU {:.0} µs each.",
        load.rate(),
        load.cpu_micros()
    );
}

async fn memory(idle: f64, peak: f64, report: &mut String) {
    let _ = writeln!(
        report,
        "\nResident memory: {idle:.1} MiB idle, {peak:.1} MiB at peak under the load above."
    );
    for (name, chunked) in [("announced", false), ("chunked", true)] {
        let process = Process::start();
        let before = process.server.resident_mib();
        let refused = client::flood(&process.server, 12, 30_000_000, chunked).await;
        let _ = writeln!(
            report,
            "Twelve bodies of 30 MB at once, {name}: {refused} refused, memory grew by {:.1} MiB at most.",
            process.server.peak_mib() - before
        );
    }
}
