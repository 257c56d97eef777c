//! What a Function needs in its namespace: a runtime and a registry that builds can use.

use serde_json::json;

use crate::harness::cluster::NOTHING;
use crate::harness::controller::CLUSTER;
use crate::harness::namespace::{Namespace, runtime};

#[test]
fn an_address_that_is_none_is_named_with_the_remedy() {
    let namespace = Namespace::new(&CLUSTER.control_plane, "address");
    namespace.add_registry("acme.example.com/team\n");
    namespace.apply("demo", &json!({}));
    let expected = "False RegistryConfigMissing Key registryAddress of Secret serverless-registry-config in namespace address must not hold spaces or control characters: encode it without a newline, with `echo -n` or printf";
    namespace.await_condition("demo", "ConfigurationReady", expected);
    assert_eq!(namespace.made(), [""; 0]);
}

#[test]
fn what_is_missing_is_told_and_seen_at_once_when_it_comes() {
    let namespace = Namespace::bare(&CLUSTER.control_plane, "missing");
    namespace.apply("demo", &json!({}));
    let kind = "ConfigurationReady";
    namespace.await_condition("demo", kind, "False RuntimeMissing No ConfigMap in namespace missing has");
    assert_eq!(namespace.events("demo").len(), 1);
    let seen_at_once = |change: &dyn Fn(), expected: &str| namespace.seen_at_once(change, kind, expected);
    let broken = || drop(namespace.kubectl("apply -f -", &runtime("broken", &json!({"x": "y"}))).unwrap());
    seen_at_once(&broken, "False RuntimeMissing ConfigMap broken in namespace missing has no key Dockerfile");
    seen_at_once(
        &|| namespace.add_runtime(),
        "False RuntimeMissing More than one ConfigMap in namespace missing",
    );
    let restore = || drop(namespace.kubectl("delete configmap broken", NOTHING).unwrap());
    seen_at_once(&restore, "False RegistryConfigMissing Neither Secret serverless-registry-config nor");
    assert_eq!(namespace.made(), [""; 0]);
    seen_at_once(&|| namespace.add_registry("registry.example.com"), "True ConfigMapCreated");
    namespace.await_condition("demo", "Running", "True DeploymentReady");
}

#[test]
fn a_registry_of_another_address_rebuilds() {
    let namespace = Namespace::new(&CLUSTER.control_plane, "registry");
    namespace.apply("demo", &json!({}));
    namespace.await_condition("demo", "Running", "True");
    let image = namespace.image();
    assert!(image.starts_with("registry.example.com/registry-demo:"), "{image}");
    namespace.add_registry("other.example.com/team");
    let moved = || namespace.image().starts_with("other.example.com/team/registry-demo:");
    namespace.wait("the image is in the other registry", moved);
}
