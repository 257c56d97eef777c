//! The credentials of a cache for its upstream: rotated while clients pull, and never missing without a word.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::harness::cached::{Cached, Setup};
use crate::harness::registry::{Auth, Registry, USER, push};
use crate::harness::wait::wait_until;

/// An upstream with a password, an image in it, and a cache without TLS.
fn cached(namespace: &str) -> (Registry, Cached) {
    let upstream = Registry::start(Auth::Basic, "horse-0");
    push(&upstream.docker_config("horse-0"), &image_of(&upstream, "app:1"), "x").unwrap();
    let remote = format!("http://{}", upstream.address());
    let cached = Cached::start(&Setup { namespace: Some(namespace), tls: false, ..Setup::of(remote) });
    (upstream, cached)
}

fn image_of(registry: &Registry, image: &str) -> String {
    format!("{}/{image}", registry.address())
}

fn manifest(cached: &Cached, reference: &str) -> u16 {
    cached.get(&format!("/v2/app/manifests/{reference}")).0
}

#[test]
fn nothing_is_served_without_credentials_and_the_last_ones_stay() {
    let (upstream, cached) = cached("caches-awaited");
    let unavailable = r#"{"errors":[{"code":"UNAVAILABLE","message":"the cache has no credentials for its upstream yet: try again later"}]}"#;
    let asked = || upstream.log().matches("/v2/app/manifests/1").count();
    let before = asked();
    for path in ["/v2/", "/v2/app/manifests/1", "/v2/_catalog"] {
        assert_eq!(cached.get(path), (503, unavailable.to_owned()));
    }
    assert!(!cached.is_ready());
    let printed = cached.helper("get");
    assert!(!printed.ok && printed.out.is_empty(), "{printed:?}");
    assert_eq!(printed.err, "error: the gateway has no credentials yet\n");
    // So the Pod does not start.
    let checked = cached.helper("check");
    assert_eq!((checked.ok, checked.out.as_str(), &checked.err), (false, "", &printed.err));
    // The registry was not asked, so it has asked nobody.
    assert!(
        !upstream.log().contains("/v2/app/manifests/1\" http.request.useragent=\"Go"),
        "{}",
        upstream.log()
    );

    cached.set_credentials((USER, "horse-0"));
    wait_until("the credentials are there", || cached.is_ready());
    assert_eq!(manifest(&cached, "1"), 200);
    assert!(asked() > before);
    let expected = r#"{"ServerURL":"upstream.test","Username":"builder","Secret":"horse-0"}"#;
    assert_eq!(cached.helper("get").unwrap(), expected);
    assert_eq!(cached.helper("check").unwrap(), "");
    // Whatever happens to the Secret.
    cached.delete_credentials();
    wait_until("the gateway knows", || cached.logs().contains("was deleted: the last ones stay in use"));
    assert!(cached.is_ready());
    assert_eq!((manifest(&cached, "1"), cached.helper("get").unwrap().as_str()), (200, expected));
}

#[test]
fn credentials_are_rotated_while_clients_pull() {
    let (upstream, cached) = cached("caches-rotated");
    cached.set_credentials((USER, "horse-0"));
    wait_until("the credentials are there", || cached.is_ready());
    assert_eq!(manifest(&cached, "1"), 200);
    let (is_over, pulls) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let pulling = scope.spawn(|| {
            while !is_over.load(Ordering::SeqCst) {
                assert_eq!(manifest(&cached, "1"), 200);
                pulls.fetch_add(1, Ordering::SeqCst);
            }
        });
        for number in 1..4 {
            let password = format!("horse-{number}");
            // What is pushed with the new password is only there for who has it.
            upstream.set_password(&password);
            let tag = format!("r{number}");
            push(&upstream.docker_config(&password), &image_of(&upstream, &format!("app:{tag}")), &tag)
                .unwrap();
            cached.set_credentials((USER, &password));
            wait_until("the new ones are in use", || manifest(&cached, &tag) == 200);
        }
        is_over.store(true, Ordering::SeqCst);
        pulling.join().unwrap();
    });
    assert!(pulls.load(Ordering::SeqCst) > 10);
    assert_eq!(cached.metric("serverless_registry_cache_credential_changes_total"), 4.0);
    assert!(!cached.logs().contains("horse"), "{}", cached.logs());
}
