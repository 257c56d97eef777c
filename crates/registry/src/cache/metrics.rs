//! What the gateway of a pull-through cache counts besides.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

type Labels = [(&'static str, &'static str); 1];

/// Why the registry does not answer a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Withheld {
    /// The cache has no credentials for its upstream.
    Credentials,
    /// The upstream cannot be asked what a tag is now.
    StaleTag,
    /// The registry knows no such tag, and the upstream cannot be asked.
    UnknownTag,
    /// The login has not pulled this image before.
    UnknownImage,
    /// The registry has not sent this blob to its end, again and again.
    BrokenBlob,
    /// The token cannot be read.
    Token,
}

impl Withheld {
    const ALL: [Self; 6] = [
        Self::Credentials,
        Self::StaleTag,
        Self::UnknownTag,
        Self::UnknownImage,
        Self::BrokenBlob,
        Self::Token,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Self::Credentials => "credentials",
            Self::StaleTag => "stale_tag",
            Self::UnknownTag => "unknown_tag",
            Self::UnknownImage => "unknown_image",
            Self::BrokenBlob => "broken_blob",
            Self::Token => "token",
        }
    }
}

/// The counters. Labels have closed sets of values only.
#[derive(Clone, Debug)]
pub struct CacheMetrics {
    credentials: Gauge,
    credential_changes: Counter,
    questions: Family<Labels, Counter>,
    questions_waiting: Gauge,
    failovers: Counter,
    withheld: Family<Labels, Counter>,
}

impl CacheMetrics {
    pub(crate) fn register(registry: &mut Registry) -> Self {
        let new = Self {
            credentials: Gauge::default(),
            credential_changes: Counter::default(),
            questions: Family::default(),
            questions_waiting: Gauge::default(),
            failovers: Counter::default(),
            withheld: Family::default(),
        };
        registry.register(
            "cache_credentials",
            "1 if there are credentials for the upstream of the cache",
            new.credentials.clone(),
        );
        registry.register(
            "cache_credential_changes",
            "How often the credentials for the upstream were replaced",
            new.credential_changes.clone(),
        );
        registry.register(
            "cache_upstream_questions",
            "Questions to the upstream whether a login may pull from a repository, by the answer",
            new.questions.clone(),
        );
        registry.register(
            "cache_upstream_questions_waiting",
            "Questions that wait for others to be answered by the upstream",
            new.questions_waiting.clone(),
        );
        registry.register(
            "cache_failovers",
            "Permissions to pull that were given without an answer of the upstream",
            new.failovers.clone(),
        );
        registry.register(
            "cache_withheld",
            "Requests that the registry did not answer, by the reason",
            new.withheld.clone(),
        );
        for reason in Withheld::ALL {
            new.withheld.get_or_create_owned(&[("reason", reason.as_str())]);
        }
        new.questions.get_or_create_owned(&[("answer", "accepted")]);
        new
    }

    /// There are credentials, or others.
    pub(super) fn credentials_changed(&self) {
        self.credentials.set(1);
        self.credential_changes.inc();
    }

    /// The upstream was asked.
    pub(super) fn asked(&self, answer: &'static str) {
        self.questions.get_or_create_owned(&[("answer", answer)]).inc();
    }

    /// How many questions wait.
    pub(super) fn waiting(&self) -> Gauge {
        self.questions_waiting.clone()
    }

    /// The upstream did not answer, and somebody may pull all the same.
    pub(super) fn failed_over(&self) {
        self.failovers.inc();
    }

    /// A request was not passed on.
    pub(super) fn withheld(&self, why: Withheld) {
        self.withheld.get_or_create_owned(&[("reason", why.as_str())]).inc();
    }
}
