//! The manifests, generated from the types of `api` and the endpoints of `serverless_webhook::routes`.

mod webhooks;

use anyhow::Context as _;
use kube::CustomResourceExt as _;
use serde::Serialize;
use serde_json::{Value, json};

/// The first line of every generated file.
const HEADER: &str = "# Generated from the types and routes by `make generate`: do not edit.\n";

/// A generated file.
#[derive(Debug)]
pub struct Manifest {
    /// Its path below the root of the repository.
    pub path: &'static str,
    /// Its content.
    pub text: String,
}

/// All generated files.
pub fn manifests() -> anyhow::Result<Vec<Manifest>> {
    Ok(vec![
        manifest("manifests/crds/functions.yaml", &[functions()?])?,
        manifest("manifests/crds/gitrepositories.yaml", &[api::GitRepository::crd()])?,
        manifest("manifests/webhook/mutating-webhooks.yaml", &[webhooks::mutating()])?,
        manifest("manifests/webhook/validating-webhooks.yaml", &[webhooks::validating()])?,
    ])
}

/// The CRD of Functions, with the one part of a schema that cannot be derived: a rule may only name fields that the schema
/// declares, and of metadata a schema may declare the name.
fn functions() -> anyhow::Result<Value> {
    let mut crd = serde_json::to_value(api::Function::crd())?;
    let properties = "/spec/versions/0/schema/openAPIV3Schema/properties";
    let properties = crd.pointer_mut(properties).and_then(Value::as_object_mut).context("no schema")?;
    let metadata = json!({"type": "object", "properties": {"name": {"type": "string"}}});
    properties.insert("metadata".to_owned(), metadata);
    Ok(crd)
}

fn manifest<T: Serialize>(path: &'static str, objects: &[T]) -> anyhow::Result<Manifest> {
    let mut text = HEADER.to_owned();
    for object in objects {
        text.push_str("---\n");
        // By way of a value, whose keys are in order whatever the order of the fields of the types.
        let value = serde_json::to_value(object).context(path)?;
        text.push_str(serde_saphyr::to_string(&value).context(path)?.trim_end());
        text.push('\n');
    }
    Ok(Manifest { path, text })
}
