//! The ConfigMaps of the runtimes: each holds a Dockerfile and, as files beside it, the server of the language. A build
//! sees nothing else but the Function.

use std::collections::BTreeMap;

use api::names::config_label;
use api::names::runtime_label::{DEPRECATED, DOCKERFILE, LANGUAGE, RUNTIME, SUCCESSOR};
use api::runtimes::{self, SHIPPED, Shipped};
use serde_json::{Map, Value, json};

use crate::files;

/// The ConfigMaps, one a runtime.
pub(crate) fn config_maps() -> anyhow::Result<Vec<Value>> {
    SHIPPED.iter().map(config_map).collect()
}

fn config_map(runtime: &Shipped) -> anyhow::Result<Value> {
    let language = runtime.language.as_str();
    let read = |file: &str| files::read(&format!("runtimes/{language}/{file}"));
    let mut data = Map::new();
    for file in runtime.language.server_files() {
        data.insert((*file).to_owned(), read(file)?.into());
    }
    let dockerfile = read(DOCKERFILE)?.replace("BASE_IMAGE", runtime.base_image);
    data.insert(DOCKERFILE.to_owned(), dockerfile.into());
    let mut annotations = BTreeMap::from([(LANGUAGE, language)]);
    if let Some((why, successor)) = runtime.deprecated {
        annotations.extend([(DEPRECATED, why), (SUCCESSOR, successor)]);
    }
    Ok(json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": runtimes::config_map(runtime.name),
            "labels": {
                "app.kubernetes.io/name": "serverless-controller", config_label::KEY: config_label::RUNTIME, RUNTIME: runtime.name,
            },
            "annotations": annotations,
        },
        "data": data,
    }))
}
