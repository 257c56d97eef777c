//! Strict decoding, as with `kubectl --validate=strict`: a field that no type has is an error.

use api::{FunctionSpec, GitRepositorySpec};
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use policy::{Rule, Violation};
use serde::Deserialize;
use serde_ignored::Path;
use serde_json::Value;

use super::manifest::Manifest;

/// A custom resource with all that it may have.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "decoded to see what is left over")]
struct CustomResource<S> {
    api_version: Value,
    kind: Value,
    metadata: ObjectMeta,
    spec: Option<S>,
    status: Option<Value>,
}

/// The fields that no type has, and what the API server wants before it asks any webhook.
pub(super) fn check(manifest: &Manifest) -> Vec<Violation> {
    let mut violations = match manifest.kind {
        "Function" => unknown_fields::<CustomResource<FunctionSpec>>(manifest),
        "GitRepository" => unknown_fields::<CustomResource<GitRepositorySpec>>(manifest),
        _ => unknown_fields::<Secret>(manifest),
    };
    let generated = manifest.object.pointer("/metadata/generateName").is_some();
    // Functions have a rule of their own for that.
    if manifest.name.is_empty() && !generated && manifest.kind != "Function" {
        let what_for = "name or generateName is required";
        violations.push(Violation::required(Rule::NameMissing, "metadata.name", what_for));
    }
    violations
}

fn unknown_fields<'de, T: Deserialize<'de>>(manifest: &'de Manifest) -> Vec<Violation> {
    let mut violations = Vec::new();
    let note = |path: Path<'_>| {
        violations.push(Violation::forbidden(Rule::UnknownField, field(&path), "unknown field"));
    };
    // A field that does not decode is reported by the rules, with its path.
    let _: Result<T, _> = serde_ignored::deserialize(&manifest.object, note);
    violations
}

/// The path as Kubernetes writes it.
fn field(path: &Path<'_>) -> String {
    match path {
        Path::Root => String::new(),
        Path::Seq { parent, index } => format!("{}[{index}]", field(parent)),
        Path::Map { parent, key } => {
            let parent = field(parent);
            if parent.is_empty() { key.clone() } else { format!("{parent}.{key}") }
        }
        Path::Some { parent } | Path::NewtypeStruct { parent } | Path::NewtypeVariant { parent } => {
            field(parent)
        }
    }
}
