//! What the steps of a build see: neither credentials nor the node.

use serde_json::json;

use crate::harness::real_cluster::CLUSTER;

/// Fails the build with what it finds.
const STEP: &str = r#"RUN found=$(ls -d /docker /workspace /var/run/secrets /proc/[0-9]*/root/docker 2>/dev/null; env | grep DOCKER_CONFIG); \
  [ -z "$found" ] || { echo "Error: a step sees $found" >&2; exit 1; }
RUN while read -r inside outside count; do \
  [ "$outside" != 0 ] || { echo "Error: root of the build is root of the node" >&2; exit 1; }; done </proc/self/uid_map
CMD ["node", "-e", "require('http').createServer((request, answer) => answer.end('found nothing')).listen(8080)"]
"#;

#[test]
#[ignore = "it needs a node: make test-node"]
fn the_steps_of_a_build_see_no_credentials_and_are_nobody_on_the_node() {
    let namespace = CLUSTER.namespace("isolation");
    CLUSTER.add_runtime("curious", &format!("ARG base_image\nFROM images.test:5002/node:1\n{STEP}"));
    let spec = json!({"runtime": "curious", "source": "module.exports = { main: () => 'Hello' }"});
    namespace.function_of_new_runtime("curious", &spec);
    namespace.await_ready("curious");
    assert_eq!(namespace.call("curious", &[], "").body, "found nothing");
}
