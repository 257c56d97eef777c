//! The server under load: the endpoints of `serve`, and one that only echoes the uid.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use policy::{Config, Decision, Violation};
use process::https::tls::{Clients, TlsFiles};
use process::https::{Bound, ConnectionLimits, Pace, Phase, Serving};
use serverless_webhook::admission::app::{self, App};
use serverless_webhook::admission::body::BodyLimits;
use serverless_webhook::admission::routes::{ENDPOINTS, Endpoint};
use serverless_webhook::admission::wire::Request;
use serverless_webhook::certificates::dev_certs;
use serverless_webhook::metrics::Metrics;
use tokio::sync::{Semaphore, watch};

/// Prints its port and the certificate of its authority, then serves until it is killed.
pub fn run() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(serve());
}

#[allow(clippy::unnecessary_wraps, reason = "the shape of an endpoint")]
fn allow(_: &Config, _: &Request<'_>) -> Result<Decision, Violation> {
    Ok(Decision::allowed())
}

async fn serve() {
    let certs = dev_certs::make("kyma-system").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let files = TlsFiles {
        certificate: folder.path().join("tls.crt"),
        key: folder.path().join("tls.key"),
        clients: Clients::default(),
    };
    std::fs::write(&files.certificate, &certs.server.certificate).unwrap();
    std::fs::write(&files.key, certs.server.key.as_bytes()).unwrap();
    let tls = files.build(&files.read().unwrap()).unwrap();
    let metrics = Arc::new(Metrics::new());
    let app = Arc::new(App {
        config: Arc::new(ArcSwap::from_pointee(serverless_webhook::config::parse(None, |_| None).unwrap())),
        metrics: Arc::clone(&metrics),
        bodies: BodyLimits::new(7 << 20, 40 << 20, Duration::from_secs(10)),
        max_request_time: Duration::from_secs(30),
        in_flight: Arc::new(Semaphore::new(256)),
        work_memory: app::work_memory(7 << 20),
    });
    // The same path through the server, but without decoding an object and without rules.
    let echo = Endpoint { path: "/echo", decide: allow, operations: ENDPOINTS[1].operations, ..ENDPOINTS[1] };
    let echo: &'static [Endpoint] = Box::leak(Box::new([echo]));
    let router = app::router_of(&app, &ENDPOINTS).fallback_service(app::router_of(&app, echo));
    let limits = ConnectionLimits {
        handshake: Duration::from_secs(5),
        header: Duration::from_secs(5),
        max_header_bytes: 32 << 10,
        idle: Duration::from_secs(90),
        request: Duration::from_secs(40),
        write: Duration::from_secs(10),
        pace: Pace::Whole,
        max_connections: 1024,
        max_per_peer: 512,
    };
    let bound = Bound::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    println!("{}\n{}", bound.address().port(), certs.authority.certificate);
    let (_phase, phase) = watch::channel(Phase::Serving);
    let tls = Arc::new(ArcSwap::new(tls.config));
    let metrics = Arc::clone(&metrics.connections);
    bound.serve(Serving { router, tls: Some(tls), limits, metrics, phase }).await;
}
