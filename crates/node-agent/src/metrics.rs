//! Metrics of the agent.

use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use crate::node::Report;

/// All metrics.
#[derive(Debug, Default)]
pub struct Metrics {
    registry: Registry,
    written: Counter,
    removed: Counter,
    write_errors: Counter,
    source_errors: Counter,
    refused: Counter,
    mirrors: Gauge,
    mirrors_up: Gauge,
    foreign: Gauge,
    in_the_way: Gauge,
    up_to_date: Gauge,
    last_change: Gauge,
    last_read: Gauge,
}

impl Metrics {
    /// Metrics that are all zero.
    #[must_use]
    pub fn new() -> Self {
        let mut new = Self { registry: Registry::with_prefix("serverless_node_agent"), ..Self::default() };
        let registry = &mut new.registry;
        registry.register("files_written", "Files that were written", new.written.clone());
        registry.register("files_removed", "Files that were removed", new.removed.clone());
        registry.register(
            "write_errors",
            "Files that could not be written or removed",
            new.write_errors.clone(),
        );
        registry.register("source_errors", "Reads of the value that failed", new.source_errors.clone());
        registry.register(
            "values_refused",
            "Values that were invalid, or not written by the controller",
            new.refused.clone(),
        );
        registry.register("mirrors", "Mirrors that are probed", new.mirrors.clone());
        registry.register("mirrors_up", "Mirrors that answer", new.mirrors_up.clone());
        registry.register("foreign_files", "Files and folders that are not ours", new.foreign.clone());
        registry.register(
            "files_in_the_way",
            "Files and folders that are not ours and keep a host from being configured",
            new.in_the_way.clone(),
        );
        registry.register("up_to_date", "Whether the newest value is on the node", new.up_to_date.clone());
        registry.register_with_unit(
            "last_change_timestamp",
            "When files were last written or removed",
            Unit::Seconds,
            new.last_change.clone(),
        );
        registry.register_with_unit(
            "source_last_read_timestamp",
            "When the value was last read, or confirmed by its source",
            Unit::Seconds,
            new.last_read.clone(),
        );
        process::metrics::register_version(registry);
        new
    }

    /// The folder of containerd was brought to what is wanted.
    pub(crate) fn applied(&self, report: &Report) {
        self.written.inc_by(number(report.written));
        self.removed.inc_by(number(report.removed));
        self.write_errors.inc_by(number(report.errors.len()));
        self.foreign.set(gauge(report.foreign.len()));
        self.in_the_way.set(gauge(report.in_the_way.len()));
        if report.written + report.removed > 0 {
            self.last_change.set(now());
        }
    }

    /// The value was read, or its source says that it is still the same one.
    pub(crate) fn source_read(&self) {
        self.last_read.set(now());
    }

    /// The value could not be read.
    pub(crate) fn source_failed(&self) {
        self.source_errors.inc();
    }

    /// The value is invalid.
    pub(crate) fn refused(&self) {
        self.refused.inc();
    }

    /// How many mirrors are probed, and how many of them answer.
    pub(crate) fn mirrors(&self, all: usize, up: usize) {
        self.mirrors.set(gauge(all));
        self.mirrors_up.set(gauge(up));
    }

    /// Whether the newest value is on the node.
    pub(crate) fn up_to_date(&self, is_so: bool) {
        self.up_to_date.set(i64::from(is_so));
    }

    /// All metrics as text.
    #[must_use]
    pub fn render(&self) -> String {
        process::metrics::render(&self.registry)
    }
}

/// The time, in seconds.
fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn gauge(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
