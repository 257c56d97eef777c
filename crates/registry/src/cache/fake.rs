//! An upstream for tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::IntoResponse as _;
use remote::registry::{Proxies, Upstream};

use super::prove::Prover;
use super::reach::Reach;
use crate::metrics::Metrics;

/// An upstream that lets `me` pull from `mine/…` with the password `right`, and everybody from `public`.
#[derive(Default)]
pub(super) struct Fake {
    pub(super) logins: AtomicUsize,
    /// What it answers instead, if not 0.
    pub(super) status: AtomicU16,
}

fn answer(fake: &Fake, uri: &Uri, headers: &HeaderMap) -> axum::response::Response {
    if let Ok(status) = StatusCode::from_u16(fake.status.load(Ordering::SeqCst)) {
        return status.into_response();
    }
    if uri.path().starts_with("/v2/broken/") {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let tags = || r#"{"name":"x","tags":[]}"#.into_response();
    if uri.path().starts_with("/v2/public/") {
        return tags();
    }
    let Some(login) = headers.get(header::AUTHORIZATION) else {
        return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Basic realm=\"x\"")]).into_response();
    };
    fake.logins.fetch_add(1, Ordering::SeqCst);
    // me:right
    let is_right = login == "Basic bWU6cmlnaHQ=";
    match (is_right, uri.path().starts_with("/v2/mine/")) {
        _ if uri.path().starts_with("/v2/careless/") => tags(),
        (true, true) => tags(),
        (true, false) => StatusCode::FORBIDDEN.into_response(),
        (false, _) => StatusCode::UNAUTHORIZED.into_response(),
    }
}

/// Starts one. Returns what asks it, too.
pub(super) async fn start() -> (Arc<Fake>, Prover) {
    let (fake, upstream) = upstream().await;
    let reach = Arc::new(Reach::new(Arc::clone(&upstream)));
    (fake, Prover::new(upstream, reach, Metrics::of_cache().1).unwrap())
}

/// Starts one. Returns how it is reached, too.
pub(super) async fn upstream() -> (Arc<Fake>, Arc<Upstream>) {
    let fake = Arc::new(Fake::default());
    let answers = Arc::clone(&fake);
    let router = axum::Router::new()
        .fallback(async move |uri: Uri, headers: HeaderMap| answer(&answers, &uri, &headers));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let upstream = Upstream::new(&address, None, &Proxies::default(), Duration::from_secs(5)).unwrap();
    (fake, Arc::new(upstream))
}

/// The clock stands still only while it is set: requests take their time.
pub(super) async fn later(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}
