//! What the server counts, in the OpenMetrics form. Labels have closed sets of values only; every series that the
//! request path touches is resolved at start.

use std::sync::atomic::AtomicU64;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::admission::review::Verdict;
use crate::admission::routes::{ENDPOINTS, Endpoint};

type Labels<const N: usize> = [(&'static str, &'static str); N];

const OPERATIONS: [&str; 5] = ["CREATE", "UPDATE", "DELETE", "CONNECT", "other"];
const VERDICTS: [Verdict; 4] = [Verdict::Allowed, Verdict::Patched, Verdict::Refused, Verdict::Error];
const SECONDS: [f64; 16] =
    [0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
const BYTES: [f64; 8] =
    [1024.0, 4096.0, 16_384.0, 65_536.0, 262_144.0, 1_048_576.0, 3_145_728.0, 7_340_032.0];

/// Why a request was turned away unread.
#[derive(Clone, Copy, Debug)]
pub enum Shed {
    /// Too many requests were in work.
    InFlight,
    /// Too much memory was taken by bodies.
    BodyMemory,
    /// The time that the client gave had passed.
    Deadline,
}

/// Why a TLS handshake failed.
#[derive(Clone, Copy, Debug)]
pub enum HandshakeFailure {
    /// The client did not finish it in time.
    Timeout,
    /// The client spoke no TLS that is served, or its certificate was refused.
    Refused,
}

/// Why a connection made room for another.
#[derive(Clone, Copy, Debug)]
pub enum Evicted {
    /// All connections were taken: the one idle longest was closed.
    Full,
    /// Its address had its share of connections: its own one idle longest was closed.
    Peer,
    /// Its address had its share and was being answered on all of them: the new one was closed.
    PeerRefused,
}

/// Everything that is counted.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    endpoints: Vec<EndpointMetrics>,
    /// Requests in work.
    pub in_flight: Gauge,
    /// Open connections.
    pub connections: Gauge,
    /// Connections so far.
    pub connections_total: Counter,
    body_bytes: Histogram,
    handshake_timeouts: Counter,
    handshake_refusals: Counter,
    shed_in_flight: Counter,
    shed_body_memory: Counter,
    shed_deadline: Counter,
    evicted_full: Counter,
    evicted_peer: Counter,
    evicted_peer_refused: Counter,
    certificate_not_after: Gauge<f64, AtomicU64>,
    reloads: Family<Labels<2>, Counter>,
    configuration_generation: Gauge,
    configuration_reload_successful: Gauge,
}

#[derive(Debug)]
struct EndpointMetrics {
    path: &'static str,
    /// By operation, then by verdict.
    reviews: Vec<Vec<Counter>>,
    seconds: Histogram,
    warnings: Counter,
}

impl Metrics {
    /// Nothing counted yet.
    #[must_use]
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("serverless_webhook");
        let reviews = Family::<Labels<3>, Counter>::default();
        registry.register("reviews", "Answered reviews", reviews.clone());
        let seconds = Family::<Labels<1>, Histogram>::new_with_constructor(|| Histogram::new(SECONDS));
        registry.register_with_unit(
            "review_duration",
            "Time from the head of a request to its answer",
            Unit::Seconds,
            seconds.clone(),
        );
        let warnings = Family::<Labels<1>, Counter>::default();
        registry.register("warnings", "Warnings given to authors", warnings.clone());
        let endpoint = |endpoint: &Endpoint| {
            let label = ("endpoint", endpoint.label);
            let counter = |operation, verdict: Verdict| {
                reviews.get_or_create_owned(&[label, ("operation", operation), ("verdict", verdict.as_str())])
            };
            let by_verdict = |operation| VERDICTS.map(|verdict| counter(operation, verdict)).to_vec();
            EndpointMetrics {
                path: endpoint.path,
                reviews: OPERATIONS.map(by_verdict).to_vec(),
                seconds: seconds.get_or_create_owned(&[label]),
                warnings: warnings.get_or_create_owned(&[label]),
            }
        };
        let endpoints = ENDPOINTS.iter().map(endpoint).collect();

        let (in_flight, connections, connections_total) =
            (Gauge::default(), Gauge::default(), Counter::default());
        registry.register("in_flight", "Requests in work", in_flight.clone());
        registry.register("connections", "Open connections", connections.clone());
        registry.register("connections_accepted", "Connections accepted so far", connections_total.clone());
        let body_bytes = Histogram::new(BYTES);
        registry.register_with_unit(
            "request_body",
            "Size of request bodies",
            Unit::Bytes,
            body_bytes.clone(),
        );

        let handshakes = Family::<Labels<1>, Counter>::default();
        registry.register("tls_handshake_failures", "TLS handshakes that failed", handshakes.clone());
        let shed = Family::<Labels<1>, Counter>::default();
        registry.register("requests_shed", "Requests turned away unread", shed.clone());

        let evicted = Family::<Labels<1>, Counter>::default();
        registry.register(
            "connections_evicted",
            "Connections closed to make room for others",
            evicted.clone(),
        );

        let certificate_not_after = Gauge::default();
        registry.register_with_unit(
            "certificate_not_after",
            "When the serving certificate expires, since 1970",
            Unit::Seconds,
            certificate_not_after.clone(),
        );
        let reloads = Family::default();
        registry.register("reloads", "Re-reads of changed files", reloads.clone());
        let (configuration_generation, configuration_reload_successful) =
            (Gauge::default(), Gauge::default());
        registry.register(
            "configuration_generation",
            "How often the configuration changed",
            configuration_generation.clone(),
        );
        registry.register(
            "configuration_last_reload_successful",
            "Whether the configuration in its file is in force",
            configuration_reload_successful.clone(),
        );
        process::metrics::register_version(&mut registry);

        Self {
            endpoints,
            in_flight,
            connections,
            connections_total,
            body_bytes,
            handshake_timeouts: handshakes.get_or_create_owned(&[("reason", "timeout")]),
            handshake_refusals: handshakes.get_or_create_owned(&[("reason", "refused")]),
            shed_in_flight: shed.get_or_create_owned(&[("reason", "in_flight")]),
            shed_body_memory: shed.get_or_create_owned(&[("reason", "body_memory")]),
            shed_deadline: shed.get_or_create_owned(&[("reason", "deadline")]),
            evicted_full: evicted.get_or_create_owned(&[("reason", "full")]),
            evicted_peer: evicted.get_or_create_owned(&[("reason", "peer")]),
            evicted_peer_refused: evicted.get_or_create_owned(&[("reason", "peer_refused")]),
            certificate_not_after,
            reloads,
            configuration_generation,
            configuration_reload_successful,
            registry,
        }
    }

    /// An answered review.
    pub fn review(
        &self,
        endpoint: &Endpoint,
        operation: &str,
        verdict: Verdict,
        warnings: usize,
        took: Duration,
    ) {
        let Some(metrics) = self.endpoints.iter().find(|metrics| metrics.path == endpoint.path) else {
            return;
        };
        let operation =
            OPERATIONS.iter().position(|known| *known == operation).unwrap_or(OPERATIONS.len() - 1);
        let verdict = VERDICTS.iter().position(|known| *known == verdict).unwrap_or_default();
        if let Some(counter) = metrics.reviews.get(operation).and_then(|verdicts| verdicts.get(verdict)) {
            counter.inc();
        }
        metrics.seconds.observe(took.as_secs_f64());
        if warnings > 0 {
            metrics.warnings.inc_by(warnings as u64);
        }
    }

    /// The size of a request body that was read.
    pub fn body(&self, bytes: usize) {
        // Bodies are far below 2^52 bytes, up to which this is exact.
        self.body_bytes.observe(u32::try_from(bytes).unwrap_or(u32::MAX).into());
    }

    /// A request that was turned away.
    pub fn shed(&self, reason: Shed) {
        match reason {
            Shed::InFlight => self.shed_in_flight.inc(),
            Shed::BodyMemory => self.shed_body_memory.inc(),
            Shed::Deadline => self.shed_deadline.inc(),
        };
    }

    /// A connection that was closed for another.
    pub fn evicted(&self, reason: Evicted) {
        match reason {
            Evicted::Full => self.evicted_full.inc(),
            Evicted::Peer => self.evicted_peer.inc(),
            Evicted::PeerRefused => self.evicted_peer_refused.inc(),
        };
    }

    /// A TLS handshake that failed.
    pub fn handshake_failed(&self, reason: HandshakeFailure) {
        match reason {
            HandshakeFailure::Timeout => self.handshake_timeouts.inc(),
            HandshakeFailure::Refused => self.handshake_refusals.inc(),
        };
    }

    /// The certificate that is served from now on.
    pub fn certificate(&self, not_after: SystemTime) {
        self.certificate_not_after
            .set(not_after.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64());
    }

    /// Changed files were read again; `what` is `certificate` or `configuration`.
    pub fn reloaded(&self, what: &'static str, in_force: bool) {
        let result = if in_force { "success" } else { "failure" };
        self.reloads.get_or_create_owned(&[("file", what), ("result", result)]).inc();
    }

    /// Whether the configuration of the file is in force; one that is counts as a generation.
    pub fn configuration(&self, in_force: bool) {
        self.configuration_reload_successful.set(in_force.into());
        if in_force {
            self.configuration_generation.inc();
        }
    }

    /// All of it as text.
    #[must_use]
    pub fn render(&self) -> String {
        process::metrics::render(&self.registry)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}
