//! What is counted of handshakes, requests and connections that were turned away.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// Why a request was turned away unread.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shed {
    /// Too many requests were in work.
    InFlight,
    /// Too much memory was taken by bodies.
    BodyMemory,
    /// The time that the client gave had passed.
    Deadline,
}

/// Why a TLS handshake failed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum HandshakeFailure {
    /// The client did not finish it in time.
    Timeout,
    /// The client spoke no TLS that is served, or its certificate was refused.
    Refused,
}

/// Why a connection made room for another.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Evicted {
    /// All connections were taken: the one idle longest was closed.
    Full,
    /// Its address had its share of connections: its own one idle longest was closed.
    Peer,
    /// Its address had its share and was being answered on all of them: the new one was closed.
    PeerRefused,
}

/// A counter for each reason.
#[derive(Debug)]
pub(super) struct TurnedAway {
    handshake_timeouts: Counter,
    handshake_refusals: Counter,
    shed_in_flight: Counter,
    shed_body_memory: Counter,
    shed_deadline: Counter,
    evicted_full: Counter,
    evicted_peer: Counter,
    evicted_peer_refused: Counter,
}

impl TurnedAway {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let mut family = |name: &str, help: &str| {
            let family = Family::<[(&'static str, &'static str); 1], Counter>::default();
            registry.register(name, help, family.clone());
            family
        };
        let handshakes = family("tls_handshake_failures", "TLS handshakes that failed");
        let shed = family("requests_shed", "Requests rejected before they were read");
        let evicted = family("connections_evicted", "Connections closed to make room for others");
        Self {
            handshake_timeouts: handshakes.get_or_create_owned(&[("reason", "timeout")]),
            handshake_refusals: handshakes.get_or_create_owned(&[("reason", "refused")]),
            shed_in_flight: shed.get_or_create_owned(&[("reason", "in_flight")]),
            shed_body_memory: shed.get_or_create_owned(&[("reason", "body_memory")]),
            shed_deadline: shed.get_or_create_owned(&[("reason", "deadline")]),
            evicted_full: evicted.get_or_create_owned(&[("reason", "full")]),
            evicted_peer: evicted.get_or_create_owned(&[("reason", "peer")]),
            evicted_peer_refused: evicted.get_or_create_owned(&[("reason", "peer_refused")]),
        }
    }

    pub(super) fn handshake(&self, reason: HandshakeFailure) {
        match reason {
            HandshakeFailure::Timeout => self.handshake_timeouts.inc(),
            HandshakeFailure::Refused => self.handshake_refusals.inc(),
        };
    }

    pub(super) fn request(&self, reason: Shed) {
        match reason {
            Shed::InFlight => self.shed_in_flight.inc(),
            Shed::BodyMemory => self.shed_body_memory.inc(),
            Shed::Deadline => self.shed_deadline.inc(),
        };
    }

    pub(super) fn connection(&self, reason: Evicted) {
        match reason {
            Evicted::Full => self.evicted_full.inc(),
            Evicted::Peer => self.evicted_peer.inc(),
            Evicted::PeerRefused => self.evicted_peer_refused.inc(),
        };
    }
}
