//! What the admin port answers: whether the process lives, whether it is ready, what it has counted. One that waits to
//! lead is as ready as the one that leads.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::sync::watch;

use crate::metrics::Metrics;

/// The router of the admin port.
pub fn router(metrics: Arc<Metrics>, stopping: watch::Receiver<bool>) -> Router {
    let readiness = move || {
        let is_stopping = *stopping.borrow();
        if is_stopping {
            (StatusCode::SERVICE_UNAVAILABLE, "shutting down\n")
        } else {
            (StatusCode::OK, "ok\n")
        }
    };
    Router::new()
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(async move || readiness()))
        .route("/metrics", process::admin::metrics(move || metrics.render()))
}
