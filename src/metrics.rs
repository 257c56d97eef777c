//! What the server counts, in the OpenMetrics form. Labels have closed sets of values only; every series that the
//! request path touches is resolved at start.

mod files;
mod reviews;
mod shed;

use std::sync::Arc;
use std::time::SystemTime;

use process::https;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use files::Files;
use reviews::Reviews;
use shed::ShedRequests;

pub(crate) use shed::Shed;

const BYTES: [f64; 8] =
    [1024.0, 4096.0, 16_384.0, 65_536.0, 262_144.0, 1_048_576.0, 3_145_728.0, 7_340_032.0];

/// Everything that is counted.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Answered reviews.
    pub(crate) reviews: Reviews,
    /// Requests in work.
    pub(crate) in_flight: Gauge,
    /// Connections.
    pub connections: Arc<https::Metrics>,
    body_bytes: Histogram,
    shed: ShedRequests,
    files: Files,
}

impl Metrics {
    /// Nothing counted yet.
    #[must_use]
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("serverless_webhook");
        let reviews = Reviews::register(&mut registry);
        let in_flight = Gauge::default();
        registry.register("in_flight", "Requests in progress", in_flight.clone());
        let connections = Arc::new(https::Metrics::register(&mut registry));
        let body_bytes = Histogram::new(BYTES);
        registry.register_with_unit(
            "request_body",
            "Size of request bodies",
            Unit::Bytes,
            body_bytes.clone(),
        );
        let shed = ShedRequests::register(&mut registry);
        let files = Files::register(&mut registry);
        process::metrics::register_version(&mut registry);
        Self { registry, reviews, in_flight, connections, body_bytes, shed, files }
    }

    /// The size of a request body that was read.
    pub(crate) fn body(&self, bytes: usize) {
        // Bodies are far below 2^52 bytes, up to which this is exact.
        self.body_bytes.observe(u32::try_from(bytes).unwrap_or(u32::MAX).into());
    }

    /// A request that was turned away.
    pub(crate) fn shed(&self, reason: Shed) {
        self.shed.count(reason);
    }

    /// The certificate that is served from now on.
    pub(crate) fn certificate(&self, not_after: SystemTime) {
        self.files.certificate(not_after);
    }

    /// The files of the certificate were read again, with the end of the new one if it can be used.
    pub fn new_certificate(&self, not_after: Option<SystemTime>) {
        self.reloaded("certificate", not_after.is_some());
        if let Some(not_after) = not_after {
            self.certificate(not_after);
        }
    }

    /// Changed files were read again; `what` is `certificate`, `configuration` or `runtimes`.
    pub fn reloaded(&self, what: &'static str, in_force: bool) {
        self.files.reloaded(what, in_force);
    }

    /// Whether the configuration in the file is in use. Each one that is starts a new generation.
    pub fn configuration(&self, in_force: bool) {
        self.files.configuration(in_force);
    }

    /// Whether the runtimes of the file are in use.
    pub fn runtimes(&self, in_force: bool) {
        self.files.runtimes(in_force);
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
