//! The manifests, generated from the types of `api` and the endpoints of `serverless_webhook::routes`.

mod webhooks;

use anyhow::Context as _;
use kube::CustomResourceExt as _;
use serde::Serialize;

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
        manifest("manifests/crds/functions.yaml", &[api::Function::crd()])?,
        manifest("manifests/crds/gitrepositories.yaml", &[api::GitRepository::crd()])?,
        manifest("manifests/webhook/mutating-webhooks.yaml", &[webhooks::mutating()])?,
        manifest("manifests/webhook/validating-webhooks.yaml", &[webhooks::validating()])?,
    ])
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
