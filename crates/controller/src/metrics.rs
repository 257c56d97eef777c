//! Metrics. Their labels have values from closed sets only.

mod caches;
mod counting;
mod registries;

use std::sync::Arc;
use std::time::{Duration, Instant};

use api::{Condition, ConditionType};
use decide::cache::tally::ByReason;
use decide::function::slots::Slots;
use decide::registry::tally::Tally;
use jiff::Timestamp;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use caches::Caches;
pub(crate) use caches::CountingCaches;
use registries::Registries;
pub(crate) use registries::{Counted, CountingRegistries};

type Label = [(&'static str, &'static str); 1];

const QUICK: [f64; 10] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10.0];
const LONG: [f64; 12] = [1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 640.0, 1800.0, 3600.0];

/// All metrics.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    builds: Counter,
    failed_builds: Counter,
    build_seconds: Histogram,
    waiting: Gauge,
    waiting_peak: Gauge,
    building: Gauge,
    reconcile_seconds: Histogram,
    errors: Family<Label, Counter>,
    propagation_errors: Family<Label, Counter>,
    ready_seconds: Histogram,
    calls: Family<Label, Counter>,
    registry_checks: Family<Label, Counter>,
    lookups: Family<Label, Counter>,
    registries: Registries,
    caches: Caches,
    /// Whether this process is the leader.
    pub leads: Gauge,
}

impl Metrics {
    /// Metrics that are all zero.
    #[must_use]
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("serverless_controller");
        let new = Self {
            builds: Counter::default(),
            failed_builds: Counter::default(),
            build_seconds: Histogram::new(LONG),
            waiting: Gauge::default(),
            waiting_peak: Gauge::default(),
            building: Gauge::default(),
            reconcile_seconds: Histogram::new(QUICK),
            errors: Family::default(),
            propagation_errors: Family::default(),
            ready_seconds: Histogram::new(LONG),
            calls: Family::default(),
            registry_checks: Family::default(),
            lookups: Family::default(),
            registries: Registries::default(),
            caches: Caches::default(),
            leads: Gauge::default(),
            registry: Registry::default(),
        };
        new.register_builds(&mut registry);
        registry.register_with_unit(
            "reconcile_duration",
            "Time to reconcile a Function, including writes",
            Unit::Seconds,
            new.reconcile_seconds.clone(),
        );
        registry.register("reconcile_errors", "Reconciles that failed", new.errors.clone());
        registry.register(
            "propagation_errors",
            "Reconciles of a namespace that could not copy everything",
            new.propagation_errors.clone(),
        );
        registry.register_with_unit(
            "change_to_ready",
            "Time from a change of a Function until it runs",
            Unit::Seconds,
            new.ready_seconds.clone(),
        );
        registry.register("api_requests", "Requests to the API server", new.calls.clone());
        registry.register(
            "registry_checks",
            "Registries asked to verify the credentials of a Secret",
            new.registry_checks.clone(),
        );
        registry.register("git_lookups", "Look-ups of Git remotes", new.lookups.clone());
        new.registries.register(&mut registry);
        new.caches.register(&mut registry);
        registry.register("leads", "Whether this process leads", new.leads.clone());
        process::metrics::register_version(&mut registry);
        Self { registry, ..new }
    }

    fn register_builds(&self, registry: &mut Registry) {
        registry.register(
            "builds",
            "Builds that ended, whether they succeeded or failed",
            self.builds.clone(),
        );
        registry.register("builds_failed", "Builds that failed", self.failed_builds.clone());
        registry.register_with_unit(
            "build_duration",
            "Time from the request for an image until it is built, including the time in the queue",
            Unit::Seconds,
            self.build_seconds.clone(),
        );
        registry.register("builds_waiting", "Functions that wait for a build slot", self.waiting.clone());
        registry.register(
            "builds_waiting_peak",
            "The largest number of Functions that waited at once",
            self.waiting_peak.clone(),
        );
        registry.register("builds_running", "Build Jobs that run", self.building.clone());
    }

    /// Measures a reconcile until the timer is dropped.
    pub(crate) fn reconcile(self: &Arc<Self>) -> Timer {
        Timer { metrics: Arc::clone(self), since: Instant::now() }
    }

    pub(crate) fn slots(&self, slots: &Slots) {
        let number = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        self.waiting.set(number(slots.waiting()));
        self.waiting_peak.set(number(slots.peak()));
        self.building.set(number(slots.building()));
    }

    /// A condition of a Function is decided; `before` are the previous conditions.
    pub(crate) fn transition(&self, condition: &Condition, before: &[Condition]) {
        if condition.kind != ConditionType::BuildReady.as_str() {
            return;
        }
        self.builds.inc();
        if condition.status == "False" {
            self.failed_builds.inc();
        }
        let known = before.iter().find(|known| known.kind == condition.kind);
        let since = known.and_then(|known| known.last_transition_time.as_ref());
        if let (Some(since), Some(end)) = (since, &condition.last_transition_time) {
            self.build_seconds.observe(end.0.duration_since(since.0).as_secs_f64());
        }
    }

    /// A reconcile ended in an error; `reason` is a word for it.
    pub fn failed(&self, reason: &'static str) {
        self.errors.get_or_create_owned(&[("reason", reason)]).inc();
    }

    /// Not everything could be copied into a namespace; `reason` is a word for it.
    pub fn propagation_failed(&self, reason: &'static str) {
        self.propagation_errors.get_or_create_owned(&[("reason", reason)]).inc();
    }

    pub(crate) fn ready(&self, took: Duration) {
        self.ready_seconds.observe(took.as_secs_f64());
    }

    /// Registry credentials were verified; `result` is the word for the verdict.
    pub fn registry_check(&self, result: &'static str) {
        self.registry_checks.get_or_create_owned(&[("result", result)]).inc();
    }

    /// A remote was polled; `result` is `success`, or a word for the failure.
    pub fn lookup(&self, result: &'static str) {
        self.lookups.get_or_create_owned(&[("result", result)]).inc();
    }

    /// A request was sent to the API server, with this method and query.
    pub fn call(&self, method: &str, query: Option<&str>) {
        let is_watch = query.is_some_and(|query| query.split('&').any(|part| part == "watch=true"));
        let verb = match method {
            "GET" if is_watch => "watch",
            "GET" => "read",
            "POST" => "create",
            "PATCH" => "patch",
            "PUT" => "update",
            "DELETE" => "delete",
            _ => "other",
        };
        self.calls.get_or_create_owned(&[("verb", verb)]).inc();
    }

    /// Counts registries or push or pull secrets, whenever metrics are asked for, until what is returned is dropped.
    pub(crate) fn count(
        &self,
        counted: Counted,
        count: impl Fn(Timestamp) -> Tally + Send + 'static,
    ) -> CountingRegistries {
        self.registries.count(counted, count)
    }

    /// A push or pull secret of this kind has a new password.
    pub(crate) fn rotated(&self, kind: &'static str) {
        self.registries.rotated(kind);
    }

    /// Counts caches, whenever metrics are asked for, until what is returned is dropped.
    pub(crate) fn count_caches(&self, count: impl Fn() -> [ByReason; 3] + Send + 'static) -> CountingCaches {
        self.caches.count(count)
    }

    /// The upstream of a cache was asked; `result` is the word for its answer.
    pub(crate) fn cache_check(&self, result: &'static str) {
        self.caches.checked(result);
    }

    /// All metrics as text.
    #[must_use]
    pub fn render(&self) -> String {
        self.registries.refresh(Timestamp::now());
        self.caches.refresh();
        process::metrics::render(&self.registry)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// See [`Metrics::reconcile`].
pub(crate) struct Timer {
    metrics: Arc<Metrics>,
    since: Instant,
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.metrics.reconcile_seconds.observe(self.since.elapsed().as_secs_f64());
    }
}
