//! Caches that hibernate and wake, and what is left when the controller is uninstalled.

use controller::copies::cleanup;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::cluster::{Cache, Running, empty};
use crate::harness::cluster::{NOTHING, client};
use crate::harness::registry::{Auth, Registry};
use crate::harness::wait::PATIENCE;

#[test]
fn caches_hibernate_and_wake_with_their_images_and_nothing_is_left_after_an_uninstall() {
    let upstream = Registry::start(Auth::Basic, "first");
    let control_plane = empty();
    let cache = Cache { control_plane: &control_plane, name: "asleep" };
    cache.add_volumes(1);
    cache.add_credentials("asleep-v1", "first");
    cache.apply(&upstream.address(), &json!({"secretReferenceName": "asleep-v1"}));

    // Created while caches hibernate.
    let running = Running::start(&control_plane, true);
    let asleep =
        "False Hibernated All caches hibernate: caches.hibernated in the configuration of the controller";
    cache.awaits("Ready", asleep);
    cache.awaits("Serving", asleep);
    cache.wait("its objects are made", || {
        cache.made().contains(&"statefulset.apps/registry-asleep-test".to_owned())
    });
    assert_eq!(cache.stateful_set()["spec"]["replicas"], 0);
    assert_eq!(cache.of_nodes(), "");
    running.stop();

    let running = Running::start(&control_plane, false);
    cache.awaits("Ready", "True Running 1/1 Pods are ready");
    cache.wait("nodes learn of it", || cache.of_nodes().contains("asleep.test"));
    cache.wait("the Secret says who uses it", || cache.users_of("asleep-v1") == "asleep");
    let uid = |what: &str| cache.get(what)["metadata"]["uid"].clone();
    let version = |what: &str| cache.get(what)["metadata"]["resourceVersion"].clone();
    let claim = "persistentvolumeclaim cache-volume-registry-asleep-test-0";
    let (images, written) = (uid(claim), version("secret asleep-v1"));
    running.stop();

    let running = Running::start(&control_plane, true);
    cache.awaits("Ready", asleep);
    cache.wait("its Pods are gone", || pods(&cache).is_empty());
    cache.wait("nodes forget it", || !cache.of_nodes().contains("asleep.test"));
    assert_eq!((uid(claim), cache.password_in_use().as_str()), (images.clone(), "first"));
    running.stop();

    let running = Running::start(&control_plane, false);
    cache.awaits("Ready", "True Running 1/1 Pods are ready");
    cache.wait("nodes learn of it", || cache.of_nodes().contains("asleep.test"));
    assert_eq!(uid(claim), images);
    // A controller that starts does not take the name of the cache from the Secret for a while.
    assert_eq!(version("secret asleep-v1"), written);
    running.stop();

    // The cache goes on, and nobody says any more which Secrets it uses.
    let done = clean_up(&cache);
    assert_eq!(done, ["Secret kyma-system/asleep-v1", "Secret kyma-system/node-registries"]);
    assert_eq!(cache.users_of("asleep-v1"), Value::Null);
    assert_eq!(pods(&cache).len(), 1);
    assert_eq!(clean_up(&cache), [""; 0]);
    cache.kubectl("delete registrycache asleep", NOTHING).unwrap();
    cache.wait("all is gone", || cache.made().is_empty() && pods(&cache).is_empty());
    cache.kubectl("delete namespace kyma-system --timeout=60s", NOTHING).unwrap();
}

fn pods(cache: &Cache<'_>) -> Vec<Value> {
    cache.get("pods -l app=registry-asleep-test")["items"].as_array().unwrap().clone()
}

/// What was cleaned up.
fn clean_up(cache: &Cache<'_>) -> Vec<String> {
    let options = cleanup::Options {
        base_namespace: "kyma-system".to_owned(),
        namespace: "kyma-system".to_owned(),
        lease: "lease".to_owned(),
        patience: PATIENCE,
        finalizers_only: false,
        dry_run: false,
    };
    let report = Runtime::new().unwrap().block_on(async {
        cleanup::run(&client(&cache.control_plane.kubeconfig()).await, &options).await.unwrap()
    });
    assert_eq!(report.failed, [""; 0]);
    report.done
}
