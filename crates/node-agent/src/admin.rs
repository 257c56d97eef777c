//! The admin port: whether the process is alive, whether the newest value is on the node, and its metrics.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;

use crate::metrics::Metrics;
use crate::status::Status;

/// The router of the admin port.
pub(crate) fn router(metrics: Arc<Metrics>, status: Status) -> Router {
    let of_metrics = status.clone();
    let readiness = move || match status.text(Instant::now()) {
        Some(text) => (StatusCode::SERVICE_UNAVAILABLE, text),
        None => (StatusCode::OK, "ok\n".to_owned()),
    };
    let rendered = move || {
        metrics.up_to_date(of_metrics.text(Instant::now()).is_none());
        metrics.render()
    };
    Router::new()
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(async move || readiness()))
        .route("/metrics", process::admin::metrics(rendered))
}
