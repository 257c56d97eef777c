//! What the admin port answers: liveness, readiness and metrics.

use std::sync::Arc;
use std::time::SystemTime;

use axum::Router;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::sync::watch;

use crate::metrics::Metrics;
use process::https::Phase;
use process::https::reload::NotAfter;

/// The router of the admin port.
pub(crate) fn router(metrics: Arc<Metrics>, not_after: NotAfter, phase: watch::Receiver<Phase>) -> Router {
    Router::new()
        .route("/livez", get(async || "ok\n"))
        .route(
            "/readyz",
            get(async move || readiness(*phase.borrow(), **not_after.load(), SystemTime::now())),
        )
        .route("/metrics", process::admin::metrics(move || metrics.render()))
}

fn readiness(phase: Phase, not_after: SystemTime, now: SystemTime) -> impl IntoResponse {
    if phase == Phase::Starting {
        (StatusCode::SERVICE_UNAVAILABLE, "starting: there is no certificate yet\n")
    } else if phase != Phase::Serving {
        (StatusCode::SERVICE_UNAVAILABLE, "shutting down\n")
    } else if now > not_after {
        (StatusCode::SERVICE_UNAVAILABLE, "the serving certificate has expired\n")
    } else {
        (StatusCode::OK, "ok\n")
    }
}
