//! A mirror from which npm and pip install packages, as they do from the public registries. It holds what `make packages`
//! has downloaded; every other package is unknown.

use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::{fs, thread};

use axum::Router;
use axum::extract::Path;
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use serde_json::{Map, Value, json};

/// Host and port of a mirror on loopback, which all tests share.
pub static MIRROR: LazyLock<String> = LazyLock::new(|| serve(TcpListener::bind("127.0.0.1:0").unwrap()));

/// A lock file says of its packages what a registry says of them.
static LOCKS: LazyLock<[Value; 2]> = LazyLock::new(|| {
    let texts = [
        include_str!("../../../runtimes/nodejs/package-lock.json"),
        include_str!("../../packages/package-lock.json"),
    ];
    texts.map(|text| serde_json::from_str(text).unwrap())
});

/// Serves the mirror until the process ends. The listener may belong to another network namespace. Returns host and port.
pub fn serve(listener: TcpListener) -> String {
    assert!(folder().exists(), "{} is not there: run `make packages`", folder().display());
    let address = listener.local_addr().unwrap().to_string();
    listener.set_nonblocking(true).unwrap();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, router()).await
        })
    });
    address
}

/// The environment variables that lead npm and pip to a mirror.
pub fn variables(address: &str) -> [(&'static str, String); 3] {
    let host = address.split(':').next().unwrap();
    [
        ("NPM_CONFIG_REGISTRY", format!("http://{address}/npm/")),
        ("PIP_INDEX_URL", format!("http://{address}/pypi/simple/")),
        ("PIP_TRUSTED_HOST", host.to_owned()),
    ]
}

fn router() -> Router {
    Router::new()
        .route("/npm/{*package}", get(package))
        .route("/pypi/simple/{project}/", get(project))
        .route("/files/{file}", get(file))
}

fn folder() -> PathBuf {
    testenv::root().join("target/packages/current")
}

fn files() -> Vec<String> {
    let entries = fs::read_dir(folder()).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// All versions of an npm package. Its addresses lead to the host that was asked.
async fn package(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let host = headers[HOST].to_str().unwrap();
    let mut versions = Map::new();
    for (place, entry) in LOCKS.iter().flat_map(|lock| lock["packages"].as_object().unwrap()) {
        if place.rsplit_once("node_modules/").is_some_and(|(_, of_place)| of_place == name) {
            let version = entry["version"].as_str().unwrap();
            let file = format!("{}-{version}.tgz", name.trim_start_matches('@').replace('/', "-"));
            let mut manifest = entry.clone();
            manifest["name"] = json!(name);
            manifest["dist"] =
                json!({"integrity": entry["integrity"], "tarball": format!("http://{host}/files/{file}")});
            versions.insert(version.to_owned(), manifest);
        }
    }
    let numbers = |version: &&String| version.split('.').map(|n| n.parse().unwrap()).collect::<Vec<u64>>();
    let Some(latest) = versions.keys().max_by_key(numbers) else {
        return (StatusCode::NOT_FOUND, r#"{"error":"Not found"}"#).into_response();
    };
    let answer = json!({"name": name, "dist-tags": {"latest": latest}, "versions": versions});
    ([(CONTENT_TYPE, "application/json")], answer.to_string()).into_response()
}

/// All files of a Python project, as a page with links.
async fn project(Path(name): Path<String>) -> Response {
    let is_of_project = |file: &&String| {
        let project = file.strip_suffix(".whl").and_then(|file| file.split('-').next());
        project.is_some_and(|project| project.to_lowercase().replace(['_', '.'], "-") == name)
    };
    let files = files();
    let links = files.iter().filter(is_of_project);
    let links: Vec<_> = links.map(|file| format!("<a href=\"../../../files/{file}\">{file}</a>")).collect();
    if links.is_empty() {
        return StatusCode::NOT_FOUND.into_response();
    }
    ([(CONTENT_TYPE, "text/html")], format!("<!DOCTYPE html>{}", links.concat())).into_response()
}

async fn file(Path(name): Path<String>) -> Response {
    if !files().contains(&name) {
        return StatusCode::NOT_FOUND.into_response();
    }
    fs::read(folder().join(name)).unwrap().into_response()
}
