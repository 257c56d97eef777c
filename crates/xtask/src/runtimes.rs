//! The ConfigMaps of the runtimes: each holds a Dockerfile and, as files beside it, the server of the language. A build
//! sees nothing else but the Function.

use api::names::config_label;
use api::names::runtime_label::{DOCKERFILE, RUNTIME};
use serde_json::{Map, Value, json};

use crate::files;

/// A runtime.
struct Runtime {
    name: &'static str,
    config_map: &'static str,
    /// The folder of its language, below `runtimes`.
    language: &'static str,
    /// What its server consists of.
    files: &'static [&'static str],
    /// The image that it builds upon, unless the configuration of the controller says otherwise.
    base_image: &'static str,
}

const NODEJS: &[&str] = &["package.json", "package-lock.json", "server.js"];
const PYTHON: &[&str] = &["requirements.txt", "server.py"];
#[rustfmt::skip]
const RUNTIMES: [Runtime; 3] = [
    Runtime { name: "nodejs10", config_map: "dockerfile-nodejs-10", language: "nodejs", files: NODEJS, base_image: "docker.io/library/node:10-slim" },
    Runtime { name: "nodejs12", config_map: "dockerfile-nodejs-12", language: "nodejs", files: NODEJS, base_image: "docker.io/library/node:12-slim" },
    Runtime { name: "python38", config_map: "dockerfile-python-38", language: "python", files: PYTHON, base_image: "docker.io/library/python:3.8-slim" },
];

/// The ConfigMaps, one a runtime.
pub(crate) fn config_maps() -> anyhow::Result<Vec<Value>> {
    RUNTIMES.iter().map(config_map).collect()
}

fn config_map(runtime: &Runtime) -> anyhow::Result<Value> {
    let read = |file: &str| files::read(&format!("runtimes/{}/{file}", runtime.language));
    let mut data = Map::new();
    for file in runtime.files {
        data.insert((*file).to_owned(), read(file)?.into());
    }
    let dockerfile = read(DOCKERFILE)?.replace("BASE_IMAGE", runtime.base_image);
    data.insert(DOCKERFILE.to_owned(), dockerfile.into());
    Ok(json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": runtime.config_map,
            "labels": {
                "app.kubernetes.io/name": "serverless-controller", config_label::KEY: config_label::RUNTIME, RUNTIME: runtime.name,
            },
        },
        "data": data,
    }))
}
