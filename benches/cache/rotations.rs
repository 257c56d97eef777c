//! Rotations of the credentials for the upstream, while a client pulls.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::body::Body;
use http_body_util::BodyExt as _;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::harness::cached::{Cached, Setup};
use crate::harness::registry::{Auth, Registry};
use crate::harness::wait::wait_within;
use crate::http::Connection;
use crate::upstream::{login, push_image, server};

const ROTATIONS: usize = 20;
const PULLS_PER_SECOND: u64 = 50;

pub async fn measure() {
    let upstream = Registry::start(Auth::Basic, "password-0");
    push_image(&upstream, "password-0", "app:0");
    let remote = format!("http://{}", upstream.address());
    let mut cached = Cached::start(&Setup { namespace: Some("bench-rotations"), ..Setup::of(remote) });
    cached.set_credentials(login("password-0"));
    wait_within(Duration::from_secs(20), "the cache is ready", || cached.is_ready());

    let (ends, pulls, failures) =
        (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
    let client =
        tokio::spawn(pull(server(&cached), Arc::clone(&ends), Arc::clone(&pulls), Arc::clone(&failures)));
    let mut times = Vec::new();
    for number in 1..=ROTATIONS {
        let (password, image) = (format!("password-{number}"), format!("app:{number}"));
        // The new image is only there for who has the new password.
        upstream.set_password(&password);
        push_image(&upstream, &password, &image);
        let start = Instant::now();
        cached.set_credentials(login(&password));
        let mut connection = Connection::open(&server(&cached)).await;
        while status(&mut connection, &format!("/v2/app/manifests/{number}")).await != 200 {
            sleep(Duration::from_millis(20)).await;
        }
        times.push(start.elapsed());
    }
    ends.store(true, Ordering::SeqCst);
    client.await.unwrap();
    times.sort_unstable();
    let seconds = |time: &Duration| format!("{:.2} s", time.as_secs_f64());
    let restarts = usize::from(cached.gateway.ended().unwrap().is_some());
    println!("\n| rotations | pulls | failures | restarts | in use after, median | longest |");
    println!("|---|---|---|---|---|---|");
    println!(
        "| {ROTATIONS} | {} | {} | {restarts} | {} | {} |",
        pulls.load(Ordering::SeqCst),
        failures.load(Ordering::SeqCst),
        seconds(&times[ROTATIONS / 2]),
        seconds(&times[ROTATIONS - 1]),
    );
}

async fn pull(
    server: crate::rates::Server,
    ends: Arc<AtomicBool>,
    pulls: Arc<AtomicUsize>,
    failures: Arc<AtomicUsize>,
) {
    let mut ticks = interval(Duration::from_millis(1000 / PULLS_PER_SECOND));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut connection = Connection::open(&server).await;
    while !ends.load(Ordering::SeqCst) {
        ticks.tick().await;
        pulls.fetch_add(1, Ordering::SeqCst);
        if status(&mut connection, "/v2/app/manifests/0").await != 200 {
            failures.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// The status of a GET whose body is read.
pub async fn status(connection: &mut Connection, path: &str) -> u16 {
    let answer = connection.send("GET", path, "none", Body::empty()).await;
    let status = answer.status().as_u16();
    answer.into_body().collect().await.unwrap();
    status
}
