//! One Function is large, or the controller fails on it, and all others work as usual.

use std::future::pending;
use std::time::Duration;

use controller::functions::run_with;
use serde_json::json;

use crate::harness::cluster::NOTHING;
use crate::harness::controller::{CLUSTER, Controlled, config, control_plane, shared};
use crate::harness::namespace::Namespace;

/// A source that hardly compresses is not cached; everything else works the same.
#[test]
fn a_large_function_is_built_changed_and_left_alone_like_any_other() {
    let namespace = Namespace::new(&CLUSTER.control_plane, "large");
    let mut random = fastrand::Rng::with_seed(1);
    let mut source = || std::iter::repeat_with(|| random.alphanumeric()).take(300_000).collect::<String>();
    let apply = |source: &str| {
        let spec = json!({"source": source, "runtime": "nodejs12", "minReplicas": 1, "maxReplicas": 1});
        let function = crate::harness::cluster::function("demo", &spec);
        namespace.kubectl("apply --server-side -f -", &function).unwrap();
    };
    apply(&source());
    namespace.await_condition("demo", "Running", "True");
    let image = namespace.image();
    apply(&source());
    namespace.wait("another image runs", || namespace.image() != image);
    namespace.await_condition("demo", "Running", "True");
    let versions = namespace.settled();
    // Reconciling again writes nothing.
    namespace.kubectl("delete configmap dockerfile-nodejs-12", NOTHING).unwrap();
    namespace.await_condition("demo", "ConfigurationReady", "False RuntimeMissing");
    namespace.add_runtime();
    namespace.await_condition("demo", "ConfigurationReady", "True");
    // Long enough for a write, which must not happen.
    std::thread::sleep(Duration::from_secs(3));
    let others = |versions: &[String]| -> Vec<_> {
        versions
            .iter()
            .filter(|version| {
                version.starts_with("\"ConfigMap\" \"demo") || version.contains("\"Deployment\"")
            })
            .cloned()
            .collect()
    };
    assert_eq!(others(&namespace.versions()), others(&versions));
}

/// If the controller fails on one Function, this is reported, and nothing else stops.
#[test]
fn a_panic_ends_the_look_at_one_function_and_nothing_else() {
    let cluster = Controlled::start_with(control_plane(), |client, metrics| async move {
        let (shared, config) = (shared(client, metrics), config());
        run_with(&shared, &config, pending(), |config, function, observed, now| {
            assert_ne!(function.identity.name, "bad");
            decide::function::decide(config, function, observed, now)
        })
        .await;
    });
    let namespace = Namespace::new(&cluster.control_plane, "panics");
    namespace.apply("bad", &json!({}));
    namespace.apply("good", &json!({}));
    namespace.await_condition("good", "Running", "True");
    let message = "The controller failed on this Function and retries; its log says where";
    namespace.await_condition("bad", "ConfigurationReady", &format!("False InternalError {message}"));
    assert_eq!(namespace.events("bad"), [format!("Warning InternalError {message}")]);
    assert!(cluster.metric("serverless_controller_reconcile_errors_total{reason=\"panic\"}") >= 1.0);
    namespace.apply("good", &json!({"source": "y"}));
    namespace.wait("the other one goes on", || namespace.get("function good")["status"]["source"] == "y");
}
