//! What the gateway and the token server count, in the OpenMetrics form. Labels have closed sets of values only.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

use decide::registry::token::Refusal;
use jiff::Timestamp;
use process::https;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use crate::accounts::Accounts;
use crate::cache::metrics::CacheMetrics;
use crate::stream::Passing;

/// What the names begin with.
const PREFIX: &str = "serverless_registry";

type Labels = [(&'static str, &'static str); 1];

/// The files that are read again when they change.
const FILES: [&str; 3] = ["certificate", "token_authority", "rules"];
/// Those of a cache, which has no rules.
const FILES_OF_CACHE: usize = 2;

/// Everything that is counted.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Connections.
    pub connections: Arc<https::Metrics>,
    tokens: Family<Labels, Counter>,
    accounts: Gauge,
    known: OnceLock<Arc<Accounts>>,
    logins_waiting: Gauge,
    certificate: Gauge<f64, AtomicU64>,
    signing_certificate: Gauge<f64, AtomicU64>,
    reloads: Family<[(&'static str, &'static str); 2], Counter>,
    in_force: Family<Labels, Gauge>,
    received: Passing,
    sent: Passing,
    unavailable: Counter,
}

impl Metrics {
    /// Nothing counted yet.
    #[must_use]
    pub fn new() -> Self {
        let (accounts, logins_waiting) = (Gauge::default(), Gauge::default());
        let mut registry = Registry::with_prefix(PREFIX);
        registry.register("accounts", "Accounts of the namespace that may log in", accounts.clone());
        registry.register(
            "logins_waiting",
            "Logins whose password waits to be verified by bcrypt",
            logins_waiting.clone(),
        );
        Self { accounts, logins_waiting, ..Self::with(registry, &FILES) }
    }

    /// Nothing counted yet of a pull-through cache.
    #[must_use]
    pub fn of_cache() -> (Self, CacheMetrics) {
        let mut registry = Registry::with_prefix(PREFIX);
        let cache = CacheMetrics::register(&mut registry);
        (Self::with(registry, FILES.split_at(FILES_OF_CACHE).0), cache)
    }

    /// What every command counts that serves a registry.
    fn with(mut registry: Registry, files: &[&'static str]) -> Self {
        let connections = Arc::new(https::Metrics::register(&mut registry));
        let tokens = Family::default();
        registry.register("token_requests", "Requests for tokens, by what came of them", tokens.clone());
        let mut end = |name: &str, help: &str| {
            let gauge = Gauge::default();
            registry.register_with_unit(name, help, Unit::Seconds, gauge.clone());
            gauge
        };
        let certificate =
            end("certificate_not_after", "When the serving certificate expires, in seconds since 1970");
        let signing_certificate = end(
            "signing_certificate_not_after",
            "When the certificate that signs tokens expires, in seconds since 1970",
        );
        let reloads = Family::default();
        registry.register("reloads", "How often changed files were read again", reloads.clone());
        let in_force = files_in_force(&mut registry, files);
        let bytes = Family::<Labels, Counter>::default();
        registry.register_with_unit(
            "body",
            "Bytes of bodies that were passed on",
            Unit::Bytes,
            bytes.clone(),
        );
        let open = Family::<Labels, Gauge>::default();
        registry.register("streams", "Bodies that are being passed on", open.clone());
        let passing = |direction| Passing {
            bytes: bytes.get_or_create_owned(&[("direction", direction)]),
            open: open.get_or_create_owned(&[("direction", direction)]),
        };
        let (received, sent) = (passing("received"), passing("sent"));
        let unavailable = Counter::default();
        registry.register("unavailable", "Requests that the registry did not answer", unavailable.clone());
        process::metrics::register_version(&mut registry);
        Self {
            registry,
            connections,
            tokens,
            accounts: Gauge::default(),
            known: OnceLock::new(),
            logins_waiting: Gauge::default(),
            certificate,
            signing_certificate,
            reloads,
            in_force,
            received,
            sent,
            unavailable,
        }
    }

    /// A token was issued, or not.
    pub fn token(&self, refusal: Option<Refusal>) {
        let result = match refusal {
            None => "granted",
            Some(Refusal::Login | Refusal::Basic(_)) => "login_refused",
            Some(Refusal::Anonymous) => "anonymous_refused",
            Some(Refusal::NotPermitted | Refusal::LogInForUpstream) => "not_permitted",
            Some(Refusal::TooManyWrong) => "too_many_wrong",
            Some(Refusal::Busy | Refusal::RateLimited) => "busy",
            Some(
                Refusal::Unverified | Refusal::AccountsUnknown | Refusal::UpstreamAway | Refusal::Unavailable,
            ) => "unavailable",
            Some(_) => "bad_request",
        };
        self.tokens.get_or_create_owned(&[("result", result)]).inc();
    }

    /// The accounts whose number is shown.
    pub(crate) fn of_accounts(&self, accounts: Arc<Accounts>) {
        // There is one namespace of them.
        let _ = self.known.set(accounts);
    }

    /// Logins that wait to be verified.
    #[must_use]
    pub fn logins_waiting(&self) -> Gauge {
        self.logins_waiting.clone()
    }

    /// The certificate that is served from now on, if there is a new one.
    pub(crate) fn certificate(&self, not_after: SystemTime) {
        self.certificate.set(not_after.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64());
    }

    /// When the certificate that signs tokens expires.
    pub(crate) fn signing_certificate(&self, not_after: Timestamp) {
        // Seconds since 1970 are far below 2^52, up to which this is exact.
        self.signing_certificate.set(not_after.as_duration().as_secs_f64());
    }

    /// Changed files were read again; `what` is `certificate`, `rules` or `token_authority`.
    pub fn reloaded(&self, what: &'static str, in_force: bool) {
        self.in_force.get_or_create_owned(&[("file", what)]).set(i64::from(in_force));
        let result = if in_force { "success" } else { "failure" };
        self.reloads.get_or_create_owned(&[("file", what), ("result", result)]).inc();
    }

    /// Bodies from clients.
    pub(crate) fn received(&self) -> Passing {
        self.received.clone()
    }

    /// Bodies to clients.
    pub(crate) fn sent(&self) -> Passing {
        self.sent.clone()
    }

    /// The registry did not answer.
    pub(crate) fn unavailable(&self) {
        self.unavailable.inc();
    }

    /// All of it as text.
    #[must_use]
    pub fn render(&self) -> String {
        // They expire by the clock.
        let accounts = self.known.get().map_or(0, |known| known.usable(Timestamp::now()));
        self.accounts.set(i64::try_from(accounts).unwrap_or(i64::MAX));
        process::metrics::render(&self.registry)
    }
}

fn files_in_force(registry: &mut Registry, files: &[&'static str]) -> Family<Labels, Gauge> {
    let in_force = Family::<Labels, Gauge>::default();
    registry.register(
        "last_reload_successful",
        "1 unless a file was changed and cannot be used: then the last one that was good stays in force",
        in_force.clone(),
    );
    for file in files {
        in_force.get_or_create_owned(&[("file", *file)]).set(1);
    }
    in_force
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}
