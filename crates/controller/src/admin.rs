//! The admin port: whether the process is alive, whether it is ready, and its metrics. A process that waits to become
//! the leader is as ready as the leader.

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
