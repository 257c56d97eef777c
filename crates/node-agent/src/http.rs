//! HTTP over TCP or TLS: one request on a connection of its own. No redirects, no proxies.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::{InvalidDnsNameError, ServerName};
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

use crate::connect;

/// When a peer that is silent is asked whether it is still there. Three questions without an answer end a connection.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// No connection, or no TLS.
    #[error("{0}")]
    Connect(#[from] std::io::Error),
    /// TLS needs the name of a host, or an address.
    #[error("{0}")]
    Name(#[from] InvalidDnsNameError),
    /// The answer is not HTTP, or ends too early.
    #[error("{0}")]
    Http(#[from] hyper::Error),
}

/// Where a server is.
#[derive(Clone, Debug)]
pub(crate) struct Server<'a> {
    /// Its host, an IPv6 address in brackets.
    pub host: &'a str,
    /// Its port.
    pub port: u16,
    /// How its certificate is verified; none: no TLS.
    pub tls: Option<Arc<ClientConfig>>,
}

/// An answer, whose body ends when it is dropped.
pub(crate) struct Answer {
    /// Its head, and its body.
    pub response: Response<Incoming>,
    _connection: Connection,
}

/// The task that moves the bytes of a connection.
struct Connection(JoinHandle<()>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Server<'_> {
    /// Its host, an IPv6 address without brackets.
    pub(crate) fn name(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }
}

/// Connects, and sends a request. Returns as soon as the head of its answer is there.
pub(crate) async fn send(server: Server<'_>, request: Request<Empty<Bytes>>) -> Result<Answer, Error> {
    let addresses = lookup_host((server.name(), server.port)).await?;
    let stream = connect::first_of(addresses).await?;
    send_on(stream, server, request).await
}

/// Like [`send`], on a connection to the server.
pub(crate) async fn send_on(
    stream: TcpStream,
    server: Server<'_>,
    request: Request<Empty<Bytes>>,
) -> Result<Answer, Error> {
    let keep_alive = TcpKeepalive::new().with_time(KEEP_ALIVE).with_interval(KEEP_ALIVE).with_retries(3);
    SockRef::from(&stream).set_tcp_keepalive(&keep_alive)?;
    match &server.tls {
        None => exchange(stream, request).await,
        Some(tls) => {
            let name = ServerName::try_from(server.name().to_owned())?;
            let tls = Arc::clone(tls);
            exchange(TlsConnector::from(tls).connect(name, stream).await?, request).await
        }
    }
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: Request<Empty<Bytes>>,
) -> Result<Answer, Error> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Its errors reach who waits for the answer.
    let task = Connection(tokio::spawn(async move { drop(connection.await) }));
    Ok(Answer { response: sender.send_request(request).await?, _connection: task })
}
