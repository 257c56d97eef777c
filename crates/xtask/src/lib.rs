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

/// All generated files. The chart has copies of its own, since Helm reads nothing outside of a chart.
pub fn manifests() -> anyhow::Result<Vec<Manifest>> {
    let functions = text(&functions()?)?;
    let git_repositories = text(&api::GitRepository::crd())?;
    let mutating = text(&webhooks::mutating())?;
    let validating = text(&webhooks::validating())?;
    let copies = [
        ("manifests/crds/functions.yaml", "manifests/chart/files/functions.yaml", functions),
        (
            "manifests/crds/gitrepositories.yaml",
            "manifests/chart/files/gitrepositories.yaml",
            git_repositories,
        ),
        (
            "manifests/webhook/mutating-webhooks.yaml",
            "manifests/chart/files/mutating-webhooks.yaml",
            mutating,
        ),
        (
            "manifests/webhook/validating-webhooks.yaml",
            "manifests/chart/files/validating-webhooks.yaml",
            validating,
        ),
    ];
    let both = |(path, copy, text): (_, _, String)| {
        [Manifest { path, text: text.clone() }, Manifest { path: copy, text }]
    };
    Ok(copies.into_iter().flat_map(both).collect())
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

fn text<T: Serialize>(object: &T) -> anyhow::Result<String> {
    // By way of a value, whose keys are in order whatever the order of the fields of the types.
    let text = serde_saphyr::to_string(&serde_json::to_value(object)?)?;
    Ok(format!("{HEADER}---\n{}\n", text.trim_end()))
}
