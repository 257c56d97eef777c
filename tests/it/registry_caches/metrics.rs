//! What the dashboard of caches asks of the registry: distribution shows it.

use std::collections::BTreeSet;

use crate::harness::cached::{Cached, Setup};
use crate::harness::registry::{Auth, Registry, USER, push};
use crate::harness::wait::wait_until;

#[test]
fn the_registry_shows_what_the_dashboard_asks_for() {
    let upstream = Registry::start(Auth::Basic, "horse-0");
    push(&upstream.docker_config("horse-0"), &format!("{}/app:1", upstream.address()), "x").unwrap();
    let cached = Cached::start(&Setup {
        namespace: Some("caches-metrics"),
        tls: false,
        ..Setup::of(format!("http://{}", upstream.address()))
    });
    cached.set_credentials((USER, "horse-0"));
    wait_until("the credentials are there", || cached.is_ready());
    // From the upstream, and from the cache.
    for _ in 0..2 {
        assert_eq!(cached.get("/v2/app/manifests/1").0, 200);
    }
    let shown = cached.get_of_registry("/metrics").1;
    let dashboard = testenv::root().join("manifests/chart/files/monitoring/caches-dashboard.json");
    let dashboard = std::fs::read_to_string(dashboard).unwrap();
    let words = dashboard.split(|character: char| !character.is_ascii_alphanumeric() && character != '_');
    let asked: BTreeSet<_> = words.filter(|word| word.starts_with("registry_")).collect();
    assert_eq!(asked.len(), 4, "{asked:?}");
    for name in asked {
        let value = shown.lines().find(|line| line.starts_with(&format!("{name}{{type=\"manifest\"}}")));
        assert!(value.is_some_and(|line| !line.ends_with(" 0")), "{name} is not in {shown}");
    }
}
