//! One connection: the TLS handshake if there is TLS, then request after request, each stage within its deadline. When its deadline
//! passes the connection is dropped, and nothing of it is left.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Request, Response, header};
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::TokioIo;
use prometheus_client::metrics::gauge::Gauge;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;
use tower::Service as _;

use super::deadline::{Deadline, Stage, Watched};
use super::metrics::{HandshakeFailure, Metrics};
use super::serving::{Peer, Phase, Serving};

/// What TLS keeps at most of an answer that its client does not read.
const TLS_BUFFER_MAX: usize = 16 << 10;
/// How much is read from a connection in one step.
const READ_BUFFER_MAX: usize = 64 << 10;

pub(super) async fn serve(stream: TcpStream, peer: IpAddr, serving: Serving, deadline: Arc<Deadline>) {
    let _open = Open::count(&serving.metrics);
    let Some(tls) = &serving.tls else { return speak(stream, peer, serving, deadline).await };
    let acceptor = TlsAcceptor::from(tls.load_full());
    let handshake = acceptor.accept_with(stream, |tls| tls.set_buffer_limit(Some(TLS_BUFFER_MAX)));
    let stream = match timeout(serving.limits.handshake, handshake).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            serving.metrics.handshake_failed(HandshakeFailure::Refused);
            tracing::debug!(%error, "TLS handshake failed");
            return;
        }
        Err(_) => return serving.metrics.handshake_failed(HandshakeFailure::Timeout),
    };
    speak(stream, peer, serving, deadline).await;
}

/// Speaks HTTP on a connection, whatever it is made of.
async fn speak<S>(stream: S, peer: IpAddr, serving: Serving, deadline: Arc<Deadline>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    deadline.enter(Stage::Head);
    let io = TokioIo::new(Watched::new(stream, Arc::clone(&deadline)));
    let requests = Requests {
        router: serving.router,
        peer: Peer(peer),
        deadline: Arc::clone(&deadline),
        phase: serving.phase.clone(),
    };
    let max_header = serving.limits.max_header_bytes;
    let connection = http1::Builder::new()
        .max_header_size(max_header)
        .max_buf_size(READ_BUFFER_MAX.max(max_header))
        .serve_connection(io, requests);
    drive(connection, &deadline, serving.phase).await;
}

type Connection<S> = http1::Connection<TokioIo<Watched<S>>, Requests>;

/// Drives a connection to its end, or to the end of its time.
async fn drive<S>(connection: Connection<S>, deadline: &Deadline, mut phase: watch::Receiver<Phase>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut connection = pin!(connection);
    let mut timer = pin!(sleep_until(deadline.get()));
    let mut closing = false;
    loop {
        let ended = poll_fn(|cx| match connection.as_mut().poll(cx) {
            Poll::Ready(ended) => Poll::Ready(Some(ended)),
            Poll::Pending => poll_deadline(timer.as_mut(), deadline, cx).map(|()| None),
        });
        tokio::select! {
            biased;
            ended = ended => {
                if let Some(Err(error)) = ended {
                    tracing::debug!(%error, "connection failed");
                }
                return;
            }
            _ = phase.wait_for(|phase| *phase == Phase::Closing), if !closing => {
                closing = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

/// Ready when the deadline has passed. The timer is set again only if the deadline is earlier than before, or if it fires
/// too early, and not with every request.
fn poll_deadline(mut timer: Pin<&mut Sleep>, deadline: &Deadline, cx: &mut Context<'_>) -> Poll<()> {
    let end = deadline.get();
    if end < timer.deadline() {
        timer.as_mut().reset(end);
    }
    while timer.as_mut().poll(cx).is_ready() {
        if end <= Instant::now() {
            return Poll::Ready(());
        }
        timer.as_mut().reset(end);
    }
    Poll::Pending
}

/// Hands requests to the router and keeps the deadline.
struct Requests {
    router: Router,
    peer: Peer,
    deadline: Arc<Deadline>,
    phase: watch::Receiver<Phase>,
}

impl Service<Request<Incoming>> for Requests {
    type Response = Response<Leaving>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Leaving>, Infallible>> + Send>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(self.peer);
        self.deadline.enter(Stage::Body);
        // Nobody reads a body that is empty.
        if request.body().is_end_stream() {
            self.deadline.body_has_arrived();
        }
        let deadline = Arc::clone(&self.deadline);
        let answer = self.router.clone().call(request.map(|body| Arriving { body, deadline }));
        let deadline = Arc::clone(&self.deadline);
        let phase = self.phase.clone();
        Box::pin(async move {
            let mut response = answer.await?;
            if *phase.borrow() >= Phase::Leaving {
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            deadline.enter(Stage::Sending);
            Ok(response.map(|body| Leaving { body, deadline }))
        })
    }
}

/// A body that arrives. Once it is there it is the server's turn.
struct Arriving {
    body: Incoming,
    deadline: Arc<Deadline>,
}

impl hyper::body::Body for Arriving {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if matches!(polled, Poll::Ready(Some(Ok(_)))) {
            self.deadline.body_has_moved();
        }
        if polled.is_ready() && (matches!(polled, Poll::Ready(None)) || self.body.is_end_stream()) {
            self.deadline.body_has_arrived();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The body of an answer. It is dropped as soon as hyper has all of it.
struct Leaving {
    body: Body,
    deadline: Arc<Deadline>,
}

impl hyper::body::Body for Leaving {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if polled.is_ready() {
            self.deadline.answer_goes_on();
        } else {
            self.deadline.answer_is_awaited();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        self.deadline.answer_is_complete();
    }
}

/// A connection that is counted as open until it is dropped.
struct Open(Gauge);

impl Open {
    fn count(metrics: &Metrics) -> Self {
        metrics.accepted.inc();
        metrics.open.inc();
        Self(metrics.open.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}
