//! Inline Functions are built, run and answer as documented.

use std::time::Duration;

use serde_json::json;

use crate::harness::cluster::{NOTHING, kubectl};
use crate::harness::real_cluster::{CLUSTER, Namespace};
use crate::harness::wait::wait_within;

const NODE: &str = r#"
const ms = require("ms");
module.exports = { main: (event, context) => {
  event.extensions.response.status(201);
  return { type: event["ce-type"], data: event.data, greeting: process.env.GREETING, ms: ms("1m"), name: context["function-name"] };
} };
"#;

const PYTHON: &str = r#"
import os
import bottle
from toolz import concat

def main(event, context):
    body = {"type": event["ce-type"], "data": event["data"], "greeting": os.environ["GREETING"], "sum": sum(concat([[1, 2], [3]]))}
    return bottle.HTTPResponse(status=201, body=body)
"#;

fn with_greeting(namespace: &Namespace) -> serde_json::Value {
    let metadata = json!({"name": "texts"});
    namespace.apply(
        &json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"greeting": "Hello"}}),
    );
    json!([{"name": "GREETING", "valueFrom": {"configMapKeyRef": {"name": "texts", "key": "greeting"}}}])
}

const EVENT: [&str; 5] = [
    "Content-Type: application/json",
    "ce-type: order.created",
    "ce-source: shop",
    "ce-id: 1",
    "ce-specversion: 1.0",
];

#[test]
#[ignore = "it needs a node: make test-node"]
fn functions_with_dependencies_answer_events_with_their_own_status_and_environment() {
    let namespace = CLUSTER.namespace("answers");
    let env = with_greeting(&namespace);
    let node = json!({
        "runtime": "nodejs22", "source": NODE, "env": env,
        "deps": r#"{"name": "n", "version": "1.0.0", "dependencies": {"ms": "2.1.3"}}"#,
    });
    namespace.function("node", &node);
    let python = json!({"runtime": "python313", "source": PYTHON, "env": env, "deps": "toolz==1.0.0\n"});
    namespace.function("python", &python);
    namespace.await_ready("node");
    let answer = namespace.call("node", &EVENT, r#"{"id": 7}"#);
    let body =
        json!({"type": "order.created", "data": {"id": 7}, "greeting": "Hello", "ms": 60000, "name": "main"});
    assert_eq!((answer.status, answer.json()), (201, body));
    namespace.await_ready("python");
    let answer = namespace.call("python", &EVENT, r#"{"id": 7}"#);
    let body = json!({"type": "order.created", "data": {"id": 7}, "greeting": "Hello", "sum": 6});
    assert_eq!((answer.status, answer.json()), (201, body));
    // What runs by now: the builds have ended, and are no longer needed.
    namespace.kubectl("delete jobs --all --wait");
    // The API server warns of Pods that the level would not admit.
    let enforced = "label namespace answers pod-security.kubernetes.io/enforce=restricted --dry-run=server";
    let printed = kubectl(&CLUSTER.control_plane, enforced, NOTHING);
    assert_eq!((printed.ok, printed.err.as_str()), (true, ""));
}

#[test]
#[ignore = "it needs a node: make test-node"]
fn functions_without_dependencies_answer_and_leave_nothing_when_they_are_deleted() {
    let namespace = CLUSTER.namespace("nothing-left");
    namespace.function(
        "hello",
        &json!({"runtime": "nodejs22", "source": "module.exports = { main: () => 'Hello' }"}),
    );
    namespace.function(
        "hullo",
        &json!({"runtime": "python313", "source": "def main(event, context):\n  return 'Hullo'"}),
    );
    for (name, text) in [("hello", "Hello"), ("hullo", "Hullo")] {
        namespace.await_ready(name);
        let answer = namespace.call(name, &[], "");
        assert_eq!((answer.status, answer.body.as_str()), (200, text));
    }
    let objects = "get pods,jobs,deployments,replicasets,services,configmaps,horizontalpodautoscalers -o name \
                   --selector=serverless.kyma-project.io/function-name";
    assert!(namespace.kubectl(objects).lines().count() >= 10, "{}", namespace.kubectl(objects));
    namespace.kubectl("delete functions --all");
    let is_empty = || namespace.kubectl(objects).is_empty();
    wait_within(Duration::from_mins(1), "nothing of a deleted Function is left", is_empty);
}
