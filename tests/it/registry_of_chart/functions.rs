//! `helm install` with a registry and nothing else: Functions are built, pushed, pulled and run, and no namespace gets at the
//! images of another one.

use std::sync::LazyLock;

use serde_json::json;

use crate::harness::certs_d::pod;
use crate::harness::real_cluster::{Namespace, RealCluster};
use crate::harness::registry::trusting_crane;

/// What the chart calls the registry.
const HOST: &str = "registry.kyma-system.svc.cluster.local";
/// The Secret that builds push with, and Pods of Functions pull with.
const SECRET: &str = "serverless-registry-config";

static CLUSTER: LazyLock<RealCluster> = LazyLock::new(RealCluster::start_with_registry_of_chart);

#[test]
#[ignore = "it needs a node: make test-node"]
fn functions_run_and_no_namespace_reads_or_writes_images_of_another() {
    // Most nodes know no name of a Service.
    CLUSTER.node.forget_name(HOST).unwrap();
    let [shop, other] =
        ["shop", "other"].map(|name| CLUSTER.namespace_with(name, "serviceaccount/serverless-build"));
    shop.function(
        "hello",
        &json!({"runtime": "nodejs22", "source": "module.exports = { main: () => 'Hello' }"}),
    );
    other.function(
        "hullo",
        &json!({"runtime": "python313", "source": "def main(event, context):\n  return 'Hullo'"}),
    );
    for (namespace, function, text) in [(&shop, "hello", "Hello"), (&other, "hullo", "Hullo")] {
        namespace.await_ready(function);
        assert_eq!(namespace.call(function, &[], "").body, text);
        let image = namespace.image(function);
        assert!(image.starts_with(&format!("{HOST}/{}/", namespace.name)), "{image}");
        let account = &namespace.held(SECRET)["username"];
        assert_eq!(account, &format!("push.{}.serverless-functions.1", namespace.name));
        // Nothing was tried before the registry was there.
        assert_eq!(namespace.kubectl("get jobs -o jsonpath={.items[*].status.failed}"), "");
    }
    the_node_pulls_by_address(&shop);
    a_pod_pulls_images_of_its_namespace_alone(&shop, &other);
    credentials_are_for_images_of_their_namespace_alone(&shop, &other);
}

/// The address of the registry.
fn address() -> String {
    let system = Namespace { cluster: &CLUSTER, name: "kyma-system" };
    system.address("registry")
}

/// Its name leads nowhere on the node.
fn the_node_pulls_by_address(shop: &Namespace) {
    let file = CLUSTER.node.registries().join(HOST).join("hosts.toml");
    let file = std::fs::read_to_string(file).unwrap();
    assert!(file.contains(&format!("server = \"https://{}\"", address())), "{file}");
    let (image, name) = (shop.image("hello"), "again");
    CLUSTER.remove_from_node(&image);
    start(shop, name, &image);
    shop.await_pod(name);
    shop.kubectl(&format!("delete pod {name} --now"));
}

/// Starts a Pod with the credentials of its namespace.
fn start(namespace: &Namespace, name: &str, image: &str) {
    let mut pod = pod(name, image);
    pod["spec"]["imagePullSecrets"] = json!([{"name": SECRET}]);
    namespace.apply(&pod);
}

fn a_pod_pulls_images_of_its_namespace_alone(shop: &Namespace, other: &Namespace) {
    let image = shop.image("hello");
    start(other, "foreign", &image);
    let (repository, digest) = image.split_once('@').unwrap();
    let untagged = format!("{}@{digest}", repository.rsplit_once(':').unwrap().0);
    let expected = format!(
        "failed to pull and unpack image \"{untagged}\": failed to resolve image: pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed"
    );
    assert_eq!(other.refusal("foreign"), expected);
    other.kubectl("delete pod foreign --now");
}

fn credentials_are_for_images_of_their_namespace_alone(shop: &Namespace, other: &Namespace) {
    let address = address();
    let crane = |namespace: &Namespace, words: &[&str]| {
        let held = namespace.held(SECRET);
        let config = held[".dockerconfigjson"].replacen(HOST, &address, 1);
        trusting_crane(&config, &held["ca.crt"], words)
    };
    let by_address =
        |namespace: &Namespace, function: &str| namespace.image(function).replacen(HOST, &address, 1);
    crane(other, &["manifest", &by_address(other, "hullo")]).unwrap();
    let image = by_address(shop, "hello");
    let (tagged, digest) = image.split_once('@').unwrap();
    let layout = testenv::built("node-images").unwrap().join("pause").display().to_string();
    for (words, why) in [
        (&["manifest", tagged][..], "UNAUTHORIZED: authentication required"),
        // It asks first what is there.
        (&["push", &layout, tagged], "unexpected status code 401 Unauthorized"),
        (&["delete", &image], "UNAUTHORIZED: authentication required"),
    ] {
        let refused = crane(other, words);
        assert!(!refused.ok && refused.err.contains(why), "{words:?}: {refused:?}");
    }
    assert_eq!(crane(shop, &["digest", tagged]).unwrap().trim(), digest);
}
