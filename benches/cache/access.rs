//! Who may pull: tokens for logins with and without the right, and what they cost.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::harness::cached::{Cached, Setup};
use crate::harness::guarded::NAME;
use crate::harness::registry::{Auth, Registry, USER};
use crate::harness::wait::wait_within;
use crate::http::Connection;
use crate::rates::{Target, closed};
use crate::upstream::{push_image, server, status};

const PODS: usize = 100;
const PULLS: usize = 1000;

pub async fn measure() {
    let upstream = Registry::start(Auth::Basic, "password");
    push_image(&upstream, "password", "app:1");
    let remote = format!("http://{}", upstream.address());
    let cached = Cached::start(&Setup { authorize: Some(&["--access-log=false"]), ..Setup::of(remote) });
    wait_within(Duration::from_secs(20), "the cache is ready", || cached.is_ready());
    let mut connection = Connection::open(&server(&cached)).await;
    let request = |user: &str, password: &str| {
        format!(
            "grant_type=password&username={user}&password={password}&service={NAME}&scope=repository:app:pull"
        )
    };
    let start = Instant::now();
    connection.token(request(USER, "password")).await.unwrap();
    let cold = start.elapsed();
    let (mut right, mut wrong) = (0, 0);
    for number in 0..PODS {
        right += usize::from(connection.token(request(USER, "password")).await.is_ok());
        // A user with wrong passwords, and users that nobody knows.
        for user in [USER, &format!("user-{number}")] {
            wrong += usize::from(connection.token(request(user, &format!("wrong-{number}"))).await.is_ok());
        }
    }
    let seen = cached.metric("serverless_registry_cache_upstream_questions_total{answer=\"refused\"}");

    let warm = |path: &str, body: String, proof: &'static [u8]| {
        let length = body.len();
        let method = if body.is_empty() { "GET" } else { "POST" };
        let head = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n\r\n");
        let request = Arc::new((head + &body).into_bytes());
        Target { name: path.to_owned(), body: length, request, proof }
    };
    let target = warm("/auth/token", request(USER, "password"), b"access_token");
    let mut load = closed(&server(&cached), &target, 8, Duration::from_secs(10)).await;
    let added = added(&mut connection, &request(USER, "password")).await;
    println!("\n| access: Authorize | |");
    println!("|---|---|");
    println!("| tokens with the right | {right} of {PODS} |");
    println!("| tokens without it | {wrong} of {} |", 2 * PODS);
    println!("| wrong logins that the upstream saw, of {} for one user | {} |", PODS, seen - PODS as f64);
    println!("| cold token, the upstream is asked | {} |", milliseconds(cold));
    println!("| what a pull costs more, warm, p50 and p99 | {} |", added.map(milliseconds).join(", "));
    println!("| warm tokens per second | {:.0} |", load.rate());
    println!("| warm token, p50 and p99 | {:.2} ms, {:.2} ms |", load.quantile(0.5), load.quantile(0.99));
}

/// The challenge and the token of a pull whose verdict is known, one pull after the other: p50 and p99.
async fn added(connection: &mut Connection, request: &str) -> [Duration; 2] {
    let mut times = Vec::new();
    for _ in 0..PULLS {
        let start = Instant::now();
        assert_eq!(status(connection, "/v2/app/manifests/1").await, 401);
        connection.token(request.to_owned()).await.unwrap();
        times.push(start.elapsed());
    }
    times.sort_unstable();
    [times[PULLS / 2], times[PULLS * 99 / 100]]
}

fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}
