//! An image that a node cannot pull when a Pod starts: the condition of its Function says why, and what helps.

use std::time::Duration;

use serde_json::json;

use crate::harness::real_cluster::{CLUSTER, Namespace, PASSWORD, SPARE_PORTS};
use crate::harness::registry::{Auth, Registry, crane};
use crate::harness::wait::wait_within;

/// Lets another Pod of a Function start.
fn restart(namespace: &Namespace, function: &str) {
    let label = |key: &str, value: &str| format!("serverless.kyma-project.io/{key}={value}");
    let pods = [label("function-name", function), label("resource", "deployment")].join(",");
    namespace.kubectl(&format!("delete pods --selector={pods} --wait=false"));
}

/// The same without its image on the node. Returns the image without its tag.
fn restart_without_image(namespace: &Namespace, function: &str) -> String {
    let image = namespace.image(function);
    CLUSTER.remove_from_node(&image);
    restart(namespace, function);
    let (tagged, digest) = image.split_once('@').unwrap();
    format!("{}@{digest}", tagged.rsplit_once(':').unwrap().0)
}

/// Why a Pod of a Function cannot pull its image, according to `Ready`.
fn why(namespace: &Namespace, function: &str) -> String {
    let said =
        namespace.await_condition(function, |ready, said| ready == "False" && said.contains(" failed: Pod "));
    said.split_once(" cannot pull an image: ").unwrap_or_else(|| panic!("{said}")).1.to_owned()
}

#[test]
#[ignore = "it needs a node: make test-node"]
fn an_image_that_is_gone_refused_or_out_of_reach_is_named_and_what_is_advised_helps() {
    let [port, _] = SPARE_PORTS;
    let registry = Registry::start_at("registry.test", port, Auth::Basic, PASSWORD);
    let namespace = CLUSTER.namespace("pulls");
    namespace.use_registry(&registry, PASSWORD);
    let spec = json!({"runtime": "nodejs22", "source": "module.exports = { main: () => 'Hello' }"});
    for name in ["gone", "refused"] {
        namespace.function(name, &spec);
    }
    namespace.await_ready("gone");
    namespace.await_ready("refused");

    let before = namespace.image("gone");
    crane(&registry.docker_config(PASSWORD), &["delete", "--insecure", &before]).unwrap();
    let gone = restart_without_image(&namespace, "gone");
    let expected = format!(
        "failed to resolve image: {gone}: not found (the image is no longer in its registry: change the annotation serverless.kyma-project.io/rebuild to build it again)"
    );
    assert_eq!(why(&namespace, "gone"), expected);
    namespace.kubectl("annotate function gone serverless.kyma-project.io/rebuild=1");
    wait_within(Duration::from_mins(3), "another image", || namespace.image("gone") != before);
    namespace.await_ready("gone");
    assert_eq!(namespace.call("gone", &[], "").body, "Hello");

    registry.set_password("another");
    let refused = restart_without_image(&namespace, "refused");
    let url = |image: &str| format!("http://{}", image.replacen('/', "/v2/", 1).replace('@', "/manifests/"));
    let expected = format!(
        "failed to resolve image: unexpected status from HEAD request to {}: 401 Unauthorized (the registry refuses the credentials of Secret serverless-registry-config: correct its username and password)",
        url(&refused)
    );
    assert_eq!(why(&namespace, "refused"), expected);

    registry.stop();
    let unreached = restart_without_image(&namespace, "gone");
    let expected = format!(
        "failed to resolve image: failed to do request: Head \"{}\": dial tcp 192.168.77.1:{port}: connect: connection refused (the node does not reach the registry: the operator checks that it runs, and the network of the nodes)",
        url(&unreached)
    );
    assert_eq!(why(&namespace, "gone"), expected);

    // Functions with another registry are built and run meanwhile.
    let other = CLUSTER.namespace("pulls-elsewhere");
    other.function("next", &spec);
    other.await_ready("next");
    registry.resume();
    namespace.use_registry(&registry, "another");
    for name in ["gone", "refused"] {
        // The node would retry by itself, later and later.
        restart(&namespace, name);
        namespace.await_ready(name);
    }
}
