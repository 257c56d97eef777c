//! A cache while its upstream is away.

use crate::harness::cached::{Cached, Setup};
use crate::harness::registry::{Auth, Registry, USER, push};
use crate::harness::wait::wait_until;

#[test]
fn cached_images_are_pulled_while_the_upstream_is_away_also_after_a_restart() {
    let upstream = Registry::start(Auth::Basic, "horse");
    for image in ["app:1", "other:1"] {
        push(&upstream.docker_config("horse"), &format!("{}/{image}", upstream.address()), image).unwrap();
    }
    let remote = format!("http://{}", upstream.address());
    let mut cached = Cached::start(&Setup { namespace: Some("caches-outage"), ..Setup::of(remote) });
    cached.set_credentials((USER, "horse"));
    wait_until("the credentials are there", || cached.is_ready());
    let pull = |cached: &Cached, image: &str| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pulled.tar").display().to_string();
        cached.crane(None, &["pull", &cached.image(image), &file])
    };
    pull(&cached, "app:1").unwrap();
    // What is pulled is stored beside the pull.
    wait_until("the layers are in the cache", || {
        upstream.stop();
        let is_there = pull(&cached, "app:1").ok;
        if !is_there {
            upstream.resume();
        }
        is_there
    });
    assert!(!pull(&cached, "other:1").ok);
    cached.start_gateway();
    cached.start_registry();
    wait_until("the credentials are there", || cached.is_ready());
    pull(&cached, "app:1").unwrap();
    upstream.resume();
    pull(&cached, "other:1").unwrap();
}

#[test]
fn no_tag_is_said_to_be_missing_while_the_upstream_is_away() {
    let upstream = Registry::start(Auth::Open, "");
    push("{}", &format!("{}/app:1", upstream.address()), "x").unwrap();
    let remote = format!("http://{}", upstream.address());
    let cached = Cached::start(&Setup { tls: false, ..Setup::of(remote) });
    let get = |tag: &str| cached.get(&format!("/v2/app/manifests/{tag}"));
    assert_eq!(get("none").0, 404);
    upstream.stop();
    let away = r#"{"errors":[{"code":"UNAVAILABLE","message":"the upstream cannot be asked whether the tag exists: try again later"}]}"#;
    for tag in ["1", "none"] {
        assert_eq!(get(tag), (503, away.to_owned()));
    }
    upstream.resume();
    wait_until("the upstream is back", || get("none").0 == 404);
    assert_eq!(get("1").0, 200);
}

#[test]
fn tags_that_may_be_stale_are_not_served_if_they_are_denied() {
    let upstream = Registry::start(Auth::Open, "");
    push("{}", &format!("{}/app:1", upstream.address()), "x").unwrap();
    let remote = format!("http://{}", upstream.address());
    let open = Cached::start(&Setup { tls: false, ..Setup::of(remote.clone()) });
    let strict = Cached::start(&Setup { tls: false, flags: &["--deny-stale-tags"], ..Setup::of(remote) });
    let by_tag = "/v2/app/manifests/1";
    let digest = upstream_digest(&upstream);
    let by_digest = format!("/v2/app/manifests/{digest}");
    for cached in [&open, &strict] {
        assert_eq!((cached.get(by_tag).0, cached.get(&by_digest).0), (200, 200));
    }
    upstream.stop();
    assert_eq!((open.get(by_tag).0, open.get(&by_digest).0), (200, 200));
    // It was reached a moment ago, which holds for five seconds.
    wait_until("the upstream is away", || strict.get(by_tag).0 == 503);
    let stale = r#"{"errors":[{"code":"UNAVAILABLE","message":"the upstream cannot be asked which image the tag names now: try again later"}]}"#;
    for path in [by_tag, "/v2/app/%6danifests/1", "/v2/app%2Fmanifests%2f1"] {
        assert_eq!(strict.get(path), (503, stale.to_owned()));
    }
    assert_eq!((strict.get(&by_digest).0, strict.get("/v2/").0), (200, 200));
    upstream.resume();
    wait_until("the upstream is back", || strict.get(by_tag).0 == 200);
}

fn upstream_digest(upstream: &Registry) -> String {
    let image = format!("{}/app:1", upstream.address());
    crate::harness::registry::crane("{}", &["digest", "--insecure", &image]).unwrap().trim().to_owned()
}
