//! A cache that starts while its upstream is away.

use std::time::{Duration, Instant};

use crate::harness::cached::{Cached, Setup};
use crate::harness::registry::{Auth, Registry};
use crate::harness::wait::wait_within;
use crate::http::Connection;
use crate::upstream::{login, push_image, server, status};

const IMAGES: usize = 20;
const PULLS: usize = 200;

pub async fn measure() {
    let upstream = Registry::start(Auth::Basic, "password");
    let remote = format!("http://{}", upstream.address());
    let mut cached = Cached::start(&Setup { namespace: Some("bench-outage"), ..Setup::of(remote) });
    cached.set_credentials(login("password"));
    wait_within(Duration::from_secs(20), "the cache is ready", || cached.is_ready());
    let mut connection = Connection::open(&server(&cached)).await;
    for number in 0..IMAGES {
        push_image(&upstream, "password", &format!("app:{number}"));
        assert_eq!(status(&mut connection, &format!("/v2/app/manifests/{number}")).await, 200);
    }
    upstream.stop();
    let start = Instant::now();
    cached.start_registry();
    cached.start_gateway();
    wait_within(Duration::from_secs(60), "the cache is ready again", || cached.is_ready());
    let ready = start.elapsed();
    let mut connection = Connection::open(&server(&cached)).await;
    let mut pulled = 0;
    for number in 0..PULLS {
        let path = format!("/v2/app/manifests/{}", number % IMAGES);
        pulled += usize::from(status(&mut connection, &path).await == 200);
    }
    println!("\n| upstream away, cache restarted | |");
    println!("|---|---|");
    println!("| ready after | {:.2} s |", ready.as_secs_f64());
    println!("| cached pulls | {pulled} of {PULLS} |");
}
