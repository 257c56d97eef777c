//! From an audit event of the API server to the review that it must have led to.

use serde_json::{Value, json};

use crate::admission::wire::{API_VERSIONS, KIND};
use crate::cli::json::at;

/// The group of audit events.
const GROUP: &str = "audit.k8s.io/";

/// Whether this is an audit event.
pub(super) fn is_event(value: &Value) -> bool {
    value.get("apiVersion").and_then(Value::as_str).is_some_and(|version| version.starts_with(GROUP))
}

/// The review, or why there is none.
pub(super) fn review(event: &Value) -> Result<Value, &'static str> {
    let reference = event.get("objectRef").ok_or("an audit event about no object")?;
    let text = |key: &str| reference.get(key).and_then(Value::as_str).unwrap_or_default();
    let stage = event.get("stage").and_then(Value::as_str).unwrap_or("ResponseComplete");
    if stage != "ResponseComplete" {
        return Err("an audit event of an earlier stage of its request");
    }
    let code = at(event, "/responseStatus/code").and_then(Value::as_u64).unwrap_or(200);
    let operation = match event.get("verb").and_then(Value::as_str) {
        Some("create") => "CREATE",
        // Server-side apply creates with a patch.
        Some("patch") if code == 201 => "CREATE",
        Some("update" | "patch") => "UPDATE",
        _ => return Err("an audit event of a request that writes no object"),
    };
    if code >= 400 {
        return Err("an audit event of a request that failed");
    }
    let object =
        object(event).ok_or("an audit event without its object: its level must be RequestResponse")?;
    let version = text("apiVersion");
    let name = Some(text("name")).filter(|name| !name.is_empty());
    let name = name.or_else(|| at(object, "/metadata/name").and_then(Value::as_str)).unwrap_or_default();
    Ok(json!({
        "apiVersion": API_VERSIONS[0],
        "kind": KIND,
        "request": {
            "uid": event.get("auditID").and_then(Value::as_str).unwrap_or("audit"),
            "kind": {"group": text("apiGroup"), "version": version, "kind": object.get("kind")},
            "resource": {"group": text("apiGroup"), "version": version, "resource": text("resource")},
            "subResource": text("subresource"),
            "name": name,
            "namespace": text("namespace"),
            "operation": operation,
            "userInfo": event.get("user").cloned().unwrap_or_default(),
            "object": object,
            "dryRun": false,
        },
    }))
}

/// What was asked to be stored. The request of a patch holds a part of the object at most, so what came of it is taken.
fn object(event: &Value) -> Option<&Value> {
    let is_object = |object: &&Value| object.get("kind").is_some_and(|kind| kind != "Status");
    let response = || event.get("responseObject").filter(is_object);
    if event.get("verb").is_some_and(|verb| verb == "patch") {
        return response();
    }
    event.get("requestObject").filter(is_object).or_else(response)
}
