//! Metrics of pull-through caches. They are counted when they are asked for, from what the watch shows.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use decide::cache::proof::Answer;
use decide::cache::tally::ByReason;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

type Label = [(&'static str, &'static str); 1];

/// Counts caches, by the reasons of `Ready` and of `CredentialsValid`.
type Count = Box<dyn Fn() -> [ByReason; 2] + Send>;

/// Who counts; nobody if another replica leads.
#[derive(Clone, Default)]
struct Counts(Arc<Mutex<Option<Count>>>);

/// The metrics.
#[derive(Debug, Default)]
pub(super) struct Caches {
    by_reason: Family<Label, Gauge>,
    credentials: Family<Label, Gauge>,
    checks: Family<Label, Counter>,
    counts: Counts,
}

/// Ends the counting when it is dropped.
#[must_use]
pub(crate) struct CountingCaches(Counts);

impl Caches {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "registry_caches",
            "Pull-through caches, by the reason of their condition Ready",
            self.by_reason.clone(),
        );
        registry.register(
            "registry_cache_credentials",
            "Pull-through caches, by the reason of their condition CredentialsValid",
            self.credentials.clone(),
        );
        registry.register(
            "registry_cache_checks",
            "Upstreams of caches that were asked, by what they answered",
            self.checks.clone(),
        );
        for result in Answer::WORDS {
            self.checks.get_or_create_owned(&[("result", result)]);
        }
    }

    /// Counts caches until what is returned is dropped.
    pub(super) fn count(&self, count: impl Fn() -> [ByReason; 2] + Send + 'static) -> CountingCaches {
        self.counts.set(Some(Box::new(count)));
        CountingCaches(self.counts.clone())
    }

    /// An upstream has answered; `result` is the word for what.
    pub(super) fn checked(&self, result: &'static str) {
        self.checks.get_or_create_owned(&[("result", result)]).inc();
    }

    /// Brings the numbers up to date.
    pub(super) fn refresh(&self) {
        let counts = self.counts.0.lock().unwrap_or_else(PoisonError::into_inner);
        let [ready, credentials] = match counts.as_ref() {
            Some(count) => count(),
            // Those that were counted before are not there any more.
            None => [(); 2].map(|()| decide::cache::tally::caches([], api::cache::CacheConditionType::Ready)),
        };
        for (family, numbers) in [(&self.by_reason, ready), (&self.credentials, credentials)] {
            for (reason, number) in numbers {
                let number = i64::try_from(number).unwrap_or(i64::MAX);
                family.get_or_create_owned(&[("reason", reason)]).set(number);
            }
        }
    }
}

impl Counts {
    fn set(&self, count: Option<Count>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = count;
    }
}

impl Drop for CountingCaches {
    fn drop(&mut self) {
        self.0.set(None);
    }
}

impl fmt::Debug for Counts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Counts")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caches_are_counted_while_somebody_counts_them() {
        let (metrics, mut registry) = (Caches::default(), Registry::default());
        metrics.register(&mut registry);
        let shown = || {
            metrics.refresh();
            let text = process::metrics::render(&registry);
            let lines = text.lines().filter(|line| !line.starts_with('#') && !line.ends_with(" 0"));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        let counting =
            metrics.count(|| [ByReason::from([("Running", 2)]), ByReason::from([("Anonymous", 1)])]);
        metrics.checked("refused");
        let expected = [
            r#"registry_caches{reason="Running"} 2"#,
            r#"registry_cache_credentials{reason="Anonymous"} 1"#,
            r#"registry_cache_checks_total{result="refused"} 1"#,
        ];
        assert_eq!(shown(), expected);
        drop(counting);
        assert_eq!(shown(), expected[2..]);
    }
}
