//! Records the requests and answers of a server, in the layout of the fixtures.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use serde_json::Value;
use serverless_webhook::admission::routes::ENDPOINTS;

/// Records each review below a folder, as `<endpoint>/<namespace>-<number>/{request,response}.json`.
pub fn record(router: Router, folder: &Path) -> Router {
    let folder = folder.to_owned();
    router.layer(from_fn(move |request: Request, next: Next| {
        let folder = folder.clone();
        async move { record_one(&folder, request, next).await }
    }))
}

async fn record_one(folder: &Path, request: Request, next: Next) -> Response {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let path = request.uri().path().to_owned();
    let (parts, body) = request.into_parts();
    let question = to_bytes(body, usize::MAX).await.unwrap();
    let response = next.run(Request::from_parts(parts, Body::from(question.clone()))).await;
    let (parts, body) = response.into_parts();
    let answer = to_bytes(body, usize::MAX).await.unwrap();

    let review: Value = serde_json::from_slice(&question).unwrap();
    let label = ENDPOINTS.iter().find(|endpoint| endpoint.path == path).unwrap().label;
    // An object of the cluster has no namespace.
    let namespace = review["request"]["namespace"].as_str().unwrap_or("cluster");
    let case = folder.join(label).join(format!("{namespace}-{:03}", COUNT.fetch_add(1, Ordering::Relaxed)));
    std::fs::create_dir_all(&case).unwrap();
    std::fs::write(case.join("request.json"), &question).unwrap();
    std::fs::write(case.join("response.json"), &answer).unwrap();
    Response::from_parts(parts, Body::from(answer))
}

/// The recorded cases of a namespace with their requests, in order.
pub fn recorded(folder: &Path, namespace: &str) -> Vec<(PathBuf, Value)> {
    let mut cases = Vec::new();
    for endpoint in &ENDPOINTS {
        for case in std::fs::read_dir(folder.join(endpoint.label)).into_iter().flatten() {
            let path = case.unwrap().path();
            if path.file_name().unwrap().to_str().unwrap().starts_with(&format!("{namespace}-")) {
                let question = std::fs::read(path.join("request.json")).unwrap();
                cases.push((path, serde_json::from_slice(&question).unwrap()));
            }
        }
    }
    cases.sort_by_key(|(path, _)| path.file_name().unwrap().to_owned());
    cases
}
