//! Tokens of an account that has logged in before: how many a core signs, and how fast at four fifths of that.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use crate::gateway::{Gateway, create, token_request};
use crate::rates::{self, Load, Target};

const CONNECTIONS: usize = 32;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_millis(1500);
const PACED_ROUNDS: usize = 15;
const PACED_ROUND: Duration = Duration::from_millis(400);
const LOGIN: (&str, &str) = ("push.bench.tokens.1", "correct-horse-battery-staple");

/// Server and client have a core each.
pub async fn measure() {
    create(LOGIN.0, LOGIN.1);
    let gateway = Gateway::start();
    let server = &gateway.running.server;
    pin(server.pid, "0");
    pin(std::process::id(), "1");
    let target = target();
    rates::closed(server, &target, 1, Duration::from_millis(200)).await;
    let mut most = Load::default();
    for _ in 0..ROUNDS {
        most.add(rates::closed(server, &target, CONNECTIONS, ROUND).await);
    }
    let (mut p50, mut p99) = (Vec::new(), Vec::new());
    for _ in 0..PACED_ROUNDS {
        let mut load = rates::paced(server, &target, CONNECTIONS, most.rate() * 0.8, PACED_ROUND).await;
        p50.push(load.quantile(0.5));
        p99.push(load.quantile(0.99));
    }
    p50.sort_by(f64::total_cmp);
    p99.sort_by(f64::total_cmp);
    println!(
        "| tokens, {CONNECTIONS} connections, server on one core | tokens/s at most | CPU µs | offered | p50 ms | p99 ms, median of rounds | p99 ms, worst round |"
    );
    println!("|---|---|---|---|---|---|---|");
    println!(
        "| warm login, pull | {:.0} | {:.1} | {:.0} | {:.2} | {:.2} | {:.2} |",
        most.rate(),
        most.cpu_micros(),
        most.rate() * 0.8,
        p50[PACED_ROUNDS / 2],
        p99[PACED_ROUNDS / 2],
        p99[PACED_ROUNDS - 1],
    );
    pin(std::process::id(), "0-1");
}

fn target() -> Target {
    let body = token_request(LOGIN, "repository:bench/app:pull");
    let head =
        "POST /auth/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    let request = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
    Target {
        name: "token".to_owned(),
        body: body.len(),
        request: Arc::new(request.into_bytes()),
        proof: b"\"token\":\"",
    }
}

/// Puts all threads of a process on cores.
fn pin(pid: u32, cores: &str) {
    let status = Command::new("taskset")
        .args(["--all-tasks", "--cpu-list", "--pid", cores, &pid.to_string()])
        .stdout(Stdio::null())
        .status();
    assert!(status.unwrap().success(), "two cores are needed");
}
