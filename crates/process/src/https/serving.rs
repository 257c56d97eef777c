//! What a server is given: what it serves, how, and how far its end has come.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::Router;
use rustls::ServerConfig;
use tokio::sync::watch;

use super::metrics::Metrics;

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
    /// What these two limits bound.
    pub pace: Pace,
    /// How many connections may be open. When there are more, the one that is idle longest is closed.
    pub max_connections: usize,
    /// How many connections may be open from one address. When there are more, its own that is idle longest is closed.
    pub max_per_peer: usize,
}

/// What the limits `request` and `write` bound.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Pace {
    /// A whole request, and a whole answer.
    Whole,
    /// The time in which a body does not move: bodies of any size pass, as long as they pass.
    Progress,
}

/// How far the end of the server has come.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Phase {
    /// There is no certificate yet.
    Starting,
    /// Everything is well.
    Serving,
    /// New connections are still accepted, but each answer closes its own.
    Leaving,
    /// Nothing new is accepted; idle connections are closed.
    Closing,
}

/// The address of the client, in the extensions of each request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Peer(pub IpAddr);

/// What a running server needs.
#[derive(Clone, Debug)]
pub struct Serving {
    /// What is served.
    pub router: Router,
    /// The TLS configuration of the connections to come; none: plain HTTP.
    pub tls: Option<Arc<ArcSwap<ServerConfig>>>,
    /// The limits of connections.
    pub limits: ConnectionLimits,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// How far the end has come.
    pub phase: watch::Receiver<Phase>,
}
