//! A cache with two Pods, and with one again.

use serde_json::json;

use super::cluster::Cache;
use crate::harness::registry::{Auth, Registry};

#[test]
fn a_highly_available_cache_has_two_pods_of_which_one_may_be_evicted() {
    let upstream = Registry::start(Auth::Open, "");
    let cache = Cache::named("double");
    cache.add_volumes(2);
    cache.apply(&upstream.address(), &json!({}));
    cache.awaits("Ready", "True Running 1/1 Pods are ready");
    let budget = "poddisruptionbudget.policy/registry-double-test";
    assert!(!cache.made().contains(&budget.to_owned()), "one Pod must go when its node does");
    let uid = |what: &str| cache.get(what)["metadata"]["uid"].clone();
    let first = uid("pod registry-double-test-0");

    cache.patch(&json!({"highAvailability": {"enabled": true}}));
    cache.awaits("Ready", "True Running 2/2 Pods are ready");
    assert_eq!(uid("pod registry-double-test-0"), first, "the first Pod goes on");
    cache.wait("one of the two may be evicted", || {
        let status = cache.get(budget)["status"].clone();
        (status["expectedPods"].as_i64(), status["disruptionsAllowed"].as_i64()) == (Some(2), Some(1))
    });
    let claim = |pod: u8| uid(&format!("persistentvolumeclaim cache-volume-registry-double-test-{pod}"));
    let claims = (claim(0), claim(1));
    assert_ne!(claims.0, claims.1);

    cache.patch(&json!({"highAvailability": {"enabled": false}}));
    cache.awaits("Ready", "True Running 1/1 Pods are ready");
    cache.wait("the budget is gone", || !cache.made().contains(&budget.to_owned()));
    let pods = cache.get("pods -l app=registry-double-test")["items"].as_array().unwrap().len();
    assert_eq!((pods, uid("pod registry-double-test-0")), (1, first.clone()));
    // What the second one has cached is there for the next second one.
    assert_eq!((claim(0), claim(1)), claims);
    cache.patch(&json!({"highAvailability": {"enabled": true}}));
    cache.awaits("Ready", "True Running 2/2 Pods are ready");
    assert_eq!((claim(0), claim(1)), claims);
    assert_eq!(uid("pod registry-double-test-0"), first);
}
