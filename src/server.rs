//! The HTTPS listener: accepts connections, bounds their number, drains them. What happens on one connection is in
//! `connection`.

mod connection;
mod deadline;

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::Router;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

use crate::metrics::Metrics;

/// How long to wait after an accept that failed, for want of descriptors say, so as not to spin.
const ACCEPT_BACK_OFF: Duration = Duration::from_millis(50);

/// The limits of connections.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
    /// How long a TLS handshake may take.
    pub handshake: Duration,
    /// How long the head of a request may take, from its first byte; of the first one, from the handshake.
    pub header: Duration,
    /// The largest head of a request, in bytes.
    pub max_header_bytes: usize,
    /// How long a connection may be idle between requests.
    pub idle: Duration,
    /// How long a request may take, from the end of its head to the answer.
    pub request: Duration,
    /// How long a client may take to read an answer.
    pub write: Duration,
    /// How many connections may be open; more wait to be accepted.
    pub max_connections: usize,
}

/// How far the end of the server has come.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Phase {
    /// There is no certificate yet.
    Starting,
    /// All is well.
    Serving,
    /// New connections are still accepted, but each answer closes its own.
    Leaving,
    /// Nothing new is accepted; idle connections are closed.
    Closing,
}

/// A listener that is bound but does not accept yet.
#[derive(Debug)]
pub struct Bound {
    listener: TcpListener,
    address: SocketAddr,
}

/// What a running server needs.
#[derive(Clone, Debug)]
pub struct Serving {
    /// What is served.
    pub router: Router,
    /// The TLS configuration of the connections to come.
    pub tls: Arc<ArcSwap<ServerConfig>>,
    /// The limits of connections.
    pub limits: ConnectionLimits,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// How far the end has come.
    pub phase: watch::Receiver<Phase>,
}

impl Bound {
    /// Binds an address; port 0 is any that is free.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// The address that is bound.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the phase is `Closing` and every connection has ended.
    pub async fn serve(self, serving: Serving) {
        let limit = u32::try_from(serving.limits.max_connections).unwrap_or(u32::MAX);
        let slots = Arc::new(Semaphore::new(limit as usize));
        let mut phase = serving.phase.clone();
        tokio::select! {
            () = accept_all(&self.listener, &serving, &slots) => {}
            _ = phase.wait_for(|phase| *phase == Phase::Closing) => {}
        }
        drop(self.listener);
        // All slots are free again when the last connection has ended.
        let _ = slots.acquire_many(limit).await;
    }
}

/// Binds an address. A machine without IPv6 has no `[::]`: there all its addresses of IPv4 are meant.
pub async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    match TcpListener::bind(address).await {
        Err(error) if address.ip() == Ipv6Addr::UNSPECIFIED && !is_taken(&error) => {
            TcpListener::bind((Ipv4Addr::UNSPECIFIED, address.port())).await
        }
        bound => bound,
    }
}

fn is_taken(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied)
}

async fn accept_all(listener: &TcpListener, serving: &Serving, slots: &Arc<Semaphore>) {
    loop {
        let Ok(slot) = Arc::clone(slots).acquire_owned().await else { return };
        match accept(listener).await {
            Ok(stream) => {
                let serving = serving.clone();
                tokio::spawn(async move {
                    connection::serve(stream, serving).await;
                    drop(slot);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_BACK_OFF).await;
            }
        }
    }
}

async fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
    let (stream, _) = listener.accept().await?;
    // Answers are small and complete: waiting for more to send would only delay them.
    stream.set_nodelay(true)?;
    Ok(stream)
}
