//! What is counted of connections: how many there are, and which were turned away.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Why a TLS handshake failed.
#[derive(Clone, Copy, Debug)]
pub(super) enum HandshakeFailure {
    /// The client did not finish it in time.
    Timeout,
    /// The client spoke no TLS that is served, or its certificate was refused.
    Refused,
}

/// Why a connection made room for another.
#[derive(Clone, Copy, Debug)]
pub(super) enum Evicted {
    /// All connections were taken: the one idle longest was closed.
    Full,
    /// Its address had its share of connections: its own one idle longest was closed.
    Peer,
    /// Its address had its share and was being answered on all of them: the new one was closed.
    PeerRefused,
}

/// Counters of the connections of a listener.
#[derive(Debug)]
pub struct Metrics {
    /// Open connections.
    pub(super) open: Gauge,
    /// Connections so far.
    pub(super) accepted: Counter,
    handshake_timeouts: Counter,
    handshake_refusals: Counter,
    evicted_full: Counter,
    evicted_peer: Counter,
    evicted_peer_refused: Counter,
}

impl Metrics {
    /// Nothing counted yet.
    #[must_use]
    pub fn register(registry: &mut Registry) -> Self {
        let (open, accepted) = (Gauge::default(), Counter::default());
        registry.register("connections", "Open connections", open.clone());
        registry.register("connections_accepted", "Connections accepted so far", accepted.clone());
        let mut family = |name: &str, help: &str| {
            let family = Family::<[(&'static str, &'static str); 1], Counter>::default();
            registry.register(name, help, family.clone());
            family
        };
        let handshakes = family("tls_handshake_failures", "TLS handshakes that failed");
        let evicted = family("connections_evicted", "Connections closed to make room for others");
        Self {
            open,
            accepted,
            handshake_timeouts: handshakes.get_or_create_owned(&[("reason", "timeout")]),
            handshake_refusals: handshakes.get_or_create_owned(&[("reason", "refused")]),
            evicted_full: evicted.get_or_create_owned(&[("reason", "full")]),
            evicted_peer: evicted.get_or_create_owned(&[("reason", "peer")]),
            evicted_peer_refused: evicted.get_or_create_owned(&[("reason", "peer_refused")]),
        }
    }

    /// A TLS handshake that failed.
    pub(super) fn handshake_failed(&self, reason: HandshakeFailure) {
        match reason {
            HandshakeFailure::Timeout => self.handshake_timeouts.inc(),
            HandshakeFailure::Refused => self.handshake_refusals.inc(),
        };
    }

    /// A connection that was closed for another.
    pub(super) fn evicted(&self, reason: Evicted) {
        match reason {
            Evicted::Full => self.evicted_full.inc(),
            Evicted::Peer => self.evicted_peer.inc(),
            Evicted::PeerRefused => self.evicted_peer_refused.inc(),
        };
    }
}
