//! From an audit event of the API server to the review that it must have led to.

use serde_json::{Value, json};

use crate::admission::wire::{API_VERSIONS, KIND};

/// The group of audit events.
const GROUP: &str = "audit.k8s.io/";

/// The review; `None` if the event is not of a write, or holds no object (its audit level is too low).
pub(super) fn review(event: &Value) -> Option<Value> {
    if !event.get("apiVersion")?.as_str()?.starts_with(GROUP) {
        return None;
    }
    let reference = event.get("objectRef")?;
    let text = |key: &str| reference.get(key).and_then(Value::as_str).unwrap_or_default();
    let operation = match event.get("verb")?.as_str()? {
        "create" => "CREATE",
        "update" | "patch" => "UPDATE",
        _ => return None,
    };
    // Of a patch the request holds the patch; only the response is the object.
    let request = event.get("requestObject").filter(|object| object.get("kind").is_some());
    let object =
        request.or_else(|| event.get("responseObject").filter(|object| object.get("kind").is_some()))?;
    if object.get("kind")? == "Status" {
        return None;
    }
    let version = text("apiVersion");
    Some(json!({
        "apiVersion": API_VERSIONS[0],
        "kind": KIND,
        "request": {
            "uid": event.get("auditID")?,
            "kind": {"group": text("apiGroup"), "version": version, "kind": object.get("kind")?},
            "resource": {"group": text("apiGroup"), "version": version, "resource": text("resource")},
            "subResource": text("subresource"),
            "name": text("name"),
            "namespace": text("namespace"),
            "operation": operation,
            "userInfo": event.get("user").cloned().unwrap_or_default(),
            "object": object,
            "dryRun": false,
        },
    }))
}
