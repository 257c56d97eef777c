//! What is counted of the certificate, the configuration and the runtimes, and of their re-reads.

use std::sync::atomic::AtomicU64;
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

/// What is in force, and how often files were read again.
#[derive(Debug)]
pub(super) struct Files {
    certificate_not_after: Gauge<f64, AtomicU64>,
    reloads: Family<[(&'static str, &'static str); 2], Counter>,
    configuration_generation: Gauge,
    configuration_reload_successful: Gauge,
    runtimes_reload_successful: Gauge,
}

impl Files {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let certificate_not_after = Gauge::default();
        registry.register_with_unit(
            "certificate_not_after",
            "When the serving certificate expires, in seconds since 1970",
            Unit::Seconds,
            certificate_not_after.clone(),
        );
        let reloads = Family::default();
        registry.register("reloads", "How often changed files were read again", reloads.clone());
        let (configuration_generation, configuration_reload_successful, runtimes_reload_successful) =
            (Gauge::default(), Gauge::default(), Gauge::default());
        registry.register(
            "configuration_generation",
            "How often the configuration changed",
            configuration_generation.clone(),
        );
        registry.register(
            "configuration_last_reload_successful",
            "Whether the configuration in its file is in use",
            configuration_reload_successful.clone(),
        );
        registry.register(
            "runtimes_last_reload_successful",
            "Whether the runtimes in their file are in use",
            runtimes_reload_successful.clone(),
        );
        Self {
            certificate_not_after,
            reloads,
            configuration_generation,
            configuration_reload_successful,
            runtimes_reload_successful,
        }
    }

    pub(super) fn certificate(&self, not_after: SystemTime) {
        self.certificate_not_after
            .set(not_after.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64());
    }

    pub(super) fn reloaded(&self, what: &'static str, in_force: bool) {
        let result = if in_force { "success" } else { "failure" };
        self.reloads.get_or_create_owned(&[("file", what), ("result", result)]).inc();
    }

    pub(super) fn runtimes(&self, in_force: bool) {
        self.runtimes_reload_successful.set(in_force.into());
    }

    pub(super) fn configuration(&self, in_force: bool) {
        self.configuration_reload_successful.set(in_force.into());
        if in_force {
            self.configuration_generation.inc();
        }
    }
}
