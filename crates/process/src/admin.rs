//! The admin port: plain HTTP, on a listener of its own. What is answered there is for each process to say.
//!
//! Anybody who reaches the port may connect, and a probe of the kubelet must be answered within a second all the same.
//! Probes have no second port for that: the kubelet comes from an address that is not known, so a second port would be as
//! open as this one, and every manifest, chart value and alert would have to name it. Instead each connection is short (one
//! request, a head within `HEAD_TIMEOUT`, an end within `CONNECTION_TIMEOUT`), and when there are many the oldest one is
//! closed, so a new one always gets in.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use axum::routing::{MethodRouter, get};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};

/// The media type of OpenMetrics.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// How many connections the admin port has at most. Each takes some 12 KiB.
const MAX_CONNECTIONS: usize = 256;
/// How long a connection is left alone before it may be closed for a new one: enough to answer a probe on a busy machine.
const GRACE: Duration = Duration::from_millis(100);
/// How long a client may take for the head of its request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a connection may last in all: as long as a scraper waits by default.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(10);
/// The largest head of a request, in bytes: the least that hyper takes.
const MAX_HEAD: usize = 8 << 10;
/// How many texts of metrics may be in the hands of clients.
const MAX_TEXTS: usize = 8;
/// How long to wait after a failed accept, for example when there are no descriptors left, so that the loop does not spin.
const ACCEPT_BACK_OFF: Duration = Duration::from_millis(50);

/// Serves the admin port for as long as the process lives.
pub async fn serve(listener: TcpListener, router: Router) {
    let mut connections = VecDeque::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_BACK_OFF).await;
            continue;
        };
        make_room(&mut connections).await;
        connections.push_back((Instant::now(), tokio::spawn(answer(stream, router.clone()))));
    }
}

/// Forgets connections that have ended and closes the oldest one if there are too many.
async fn make_room(connections: &mut VecDeque<(Instant, JoinHandle<()>)>) {
    if connections.len() < MAX_CONNECTIONS {
        return;
    }
    connections.retain(|(_, task)| !task.is_finished());
    if connections.len() < MAX_CONNECTIONS {
        return;
    }
    let Some((since, oldest)) = connections.pop_front() else { return };
    sleep_until(since + GRACE).await;
    oldest.abort();
}

/// Answers one request.
async fn answer(stream: TcpStream, router: Router) {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_HEAD)
        .keep_alive(false);
    let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    // It does not matter whether the client stays and reads the answer.
    let _ = timeout(CONNECTION_TIMEOUT, connection).await;
}

/// Answers with metrics. When `MAX_TEXTS` clients have not read theirs yet, others get the last text again: scraping
/// neither takes more memory than that nor fails.
pub fn metrics(render: impl Fn() -> String + Clone + Send + Sync + 'static) -> MethodRouter {
    let texts = Arc::new(Texts { free: Arc::new(Semaphore::new(MAX_TEXTS)), last: Mutex::default() });
    get(async move || texts.next(render))
}

/// The texts of metrics that clients read.
struct Texts {
    free: Arc<Semaphore>,
    last: Mutex<Bytes>,
}

/// A text that a client reads.
struct Text {
    bytes: Bytes,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Texts {
    fn next(&self, render: impl Fn() -> String) -> Response {
        let permit = Arc::clone(&self.free).try_acquire_owned().ok();
        let rendered = permit.is_some().then(|| Bytes::from(render()));
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(rendered) = rendered {
            *last = rendered;
        }
        let text = Text { bytes: last.clone(), _permit: permit };
        let mut response = Response::new(Body::from(Bytes::from_owner(text)));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(OPEN_METRICS));
        response
    }
}

impl AsRef<[u8]> for Text {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests;
