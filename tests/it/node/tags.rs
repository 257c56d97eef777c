//! A tag that somebody else moves: what runs is the digest that was built.

use serde_json::json;

use crate::harness::real_cluster::{CLUSTER, PASSWORD};
use crate::harness::registry::{content, push};
use crate::harness::wait::{PATIENCE, wait_within};

/// Whoever may push to a registry may move its tags, including those of other namespaces.
#[test]
#[ignore = "it needs a node: make test-node"]
fn a_tag_that_somebody_moves_changes_nothing_that_runs() {
    let (registry, namespace) = (&CLUSTER.registries[0], CLUSTER.namespace("moved-tag"));
    let mut spec = json!({"runtime": "nodejs22", "source": "module.exports = { main: () => 'mine' }"});
    namespace.function("demo", &spec);
    namespace.await_ready("demo");
    let image = namespace.image("demo");
    let (tagged, digest) = image.split_once('@').unwrap();
    assert!(decide::function::is_digest(digest), "{image}");
    let path = r"jsonpath={.items[*].metadata.annotations.serverless\.kyma-project\.io/image-digest}";
    assert_eq!(namespace.kubectl(&format!("get jobs -o {path}")), digest);

    let config = registry.docker_config(PASSWORD);
    push(&config, tagged, "theirs").unwrap();
    assert_eq!(content(&config, tagged), "theirs", "the tag was moved");
    // A change of the Function without a build creates new Pods, which pull.
    CLUSTER.remove_from_node(&image);
    spec["env"] = json!([{"name": "A", "value": "1"}]);
    namespace.function("demo", &spec);
    let pods = "get pods --selector=serverless.kyma-project.io/resource=deployment -o jsonpath={.items[*].spec.containers[0]";
    wait_within(10 * PATIENCE, "only Pods of the change are left", || {
        namespace.kubectl(&format!("{pods}.env[0].name}}")) == "A" && namespace.answers("demo", "mine")
    });
    assert_eq!(namespace.kubectl(&format!("{pods}.image}}")), image);
}
