//! The HTTPS listener: accepts connections and drains them. Who may connect when there are many is in `seats`, what
//! happens on one connection in `connection`.

mod connection;
mod deadline;
mod seats;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::Router;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::metrics::Metrics;
use seats::Seats;

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
    /// How many connections may be open. When there are more, the one that is idle longest is closed.
    pub max_connections: usize,
    /// How many connections may be open from one address. When there are more, its own that is idle longest is closed.
    pub max_per_peer: usize,
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
        let listener = process::shell::bind(address).await?;
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
        let seats = Arc::new(Seats::new(serving.limits, Arc::clone(&serving.metrics)));
        let mut phase = serving.phase.clone();
        tokio::select! {
            () = accept_all(&self.listener, &serving, &seats) => {}
            _ = phase.wait_for(|phase| *phase == Phase::Closing) => {}
        }
        drop(self.listener);
        seats.all_are_free().await;
    }
}

async fn accept_all(listener: &TcpListener, serving: &Serving, seats: &Arc<Seats>) {
    loop {
        match accept(listener).await {
            Ok((stream, peer)) => {
                let Some(seat) = seats.take(peer).await else { continue };
                let serving = serving.clone();
                tokio::spawn(async move {
                    tokio::select! {
                        biased;
                        () = connection::serve(stream, serving, seat.deadline()) => {}
                        () = seat.given_away() => {}
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_BACK_OFF).await;
            }
        }
    }
}

/// A connection, and the address that it comes from.
async fn accept(listener: &TcpListener) -> io::Result<(TcpStream, IpAddr)> {
    let (stream, peer) = listener.accept().await?;
    // Answers are small and complete: waiting for more to send would only delay them.
    stream.set_nodelay(true)?;
    Ok((stream, peer.ip().to_canonical()))
}
