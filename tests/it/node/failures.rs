//! What goes wrong on the node ends in the condition of its Function, with the cause in words, and holds up no other.

use serde_json::json;

use crate::harness::real_cluster::{CLUSTER, Namespace};

/// What `Ready` says of a Function that fails.
fn failure(namespace: &Namespace, name: &str, spec: &serde_json::Value) -> String {
    namespace.function(name, spec);
    namespace.await_condition(name, |ready, message| ready == "False" && message.contains("failed"))
}

fn hello() -> serde_json::Value {
    json!({"runtime": "nodejs22", "source": "module.exports = { main: () => 'Hello' }"})
}
