//! The admin port: whether the process lives, whether it is ready, what it has counted. Plain HTTP, on a listener of
//! its own.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use crate::metrics::Metrics;
use crate::reload::NotAfter;
use crate::server::Phase;

/// The media type of OpenMetrics.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// How many connections the admin port has at most: probes and a scraper or two.
const MAX_CONNECTIONS: usize = 64;
/// How long a client of the admin port may take for a head, or be idle.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// The router of the admin port.
pub fn router(metrics: Arc<Metrics>, not_after: NotAfter, phase: watch::Receiver<Phase>) -> Router {
    Router::new()
        .route("/livez", get(async || "ok\n"))
        .route(
            "/readyz",
            get(async move || readiness(*phase.borrow(), **not_after.load(), SystemTime::now())),
        )
        .route("/metrics", get(async move || ([(header::CONTENT_TYPE, OPEN_METRICS)], metrics.render())))
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

/// Serves the admin port for as long as the process lives.
pub async fn serve(listener: TcpListener, router: Router) {
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let service = TowerToHyperService::new(router.clone());
        tokio::spawn(async move {
            let mut builder = http1::Builder::new();
            builder.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
            // A client that goes away is none of our concern.
            let _ = builder.serve_connection(TokioIo::new(stream), service).await;
            drop(slot);
        });
    }
}
