//! A registry that wants tokens: build Pod and node fetch them with the password of the namespace.

use serde_json::json;

use crate::harness::real_cluster::{CLUSTER, SPARE_PORTS};
use crate::harness::registry::{Auth, Registry};
use crate::harness::wait::wait_until;

#[test]
#[ignore = "it needs a node: make test-node"]
fn a_function_is_pushed_and_pulled_with_tokens_of_its_registry() {
    let [_, port] = SPARE_PORTS;
    let registry = Registry::start_at("registry.test", port, Auth::Token, "horse");
    let namespace = CLUSTER.namespace("tokens");
    namespace.use_registry(&registry, "horse");
    namespace.function(
        "tokens",
        &json!({"runtime": "nodejs22", "source": "module.exports = { main: () => 'by tokens' }"}),
    );
    namespace.await_ready("tokens");
    assert!(registry.has(&namespace.image("tokens")), "{}", namespace.image("tokens"));
    wait_until("the Function answers", || namespace.answers("tokens", "by tokens"));
}
