//! Metrics of pull-through caches. They are counted when they are asked for, from what the watch shows.

use decide::cache::proof::Answer;
use decide::cache::tally::ByReason;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::counting::{Counting, Counts};

type Label = [(&'static str, &'static str); 1];

/// Counts caches, by the reasons of `Ready`, of `CredentialsValid` and of `Serving`.
pub(crate) type Count = Box<dyn Fn() -> [ByReason; 3] + Send>;

/// The metrics.
#[derive(Debug, Default)]
pub(super) struct Caches {
    by_reason: Family<Label, Gauge>,
    credentials: Family<Label, Gauge>,
    serving: Family<Label, Gauge>,
    checks: Family<Label, Counter>,
    counts: Counts<Count>,
}

/// Ends the counting when it is dropped.
pub(crate) type CountingCaches = Counting<Count>;

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
            "registry_cache_serving",
            "Pull-through caches, by the reason of their condition Serving",
            self.serving.clone(),
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
    pub(super) fn count(&self, count: impl Fn() -> [ByReason; 3] + Send + 'static) -> CountingCaches {
        self.counts.begin(Box::new(count))
    }

    /// An upstream has answered; `result` is the word for what.
    pub(super) fn checked(&self, result: &'static str) {
        self.checks.get_or_create_owned(&[("result", result)]).inc();
    }

    /// Brings the numbers up to date.
    pub(super) fn refresh(&self) {
        // Those that were counted before are not there any more.
        let none =
            || [(); 3].map(|()| decide::cache::tally::caches([], api::cache::CacheConditionType::Ready));
        let [ready, credentials, serving] = self.counts.count(|count| count()).unwrap_or_else(none);
        let families = [&self.by_reason, &self.credentials, &self.serving];
        for (family, numbers) in families.into_iter().zip([ready, credentials, serving]) {
            for (reason, number) in numbers {
                let number = i64::try_from(number).unwrap_or(i64::MAX);
                family.get_or_create_owned(&[("reason", reason)]).set(number);
            }
        }
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
        let counting = metrics
            .count(|| [("Running", 2), ("Anonymous", 1), ("Hibernated", 3)].map(|one| ByReason::from([one])));
        metrics.checked("refused");
        let expected = [
            r#"registry_caches{reason="Running"} 2"#,
            r#"registry_cache_credentials{reason="Anonymous"} 1"#,
            r#"registry_cache_serving{reason="Hibernated"} 3"#,
            r#"registry_cache_checks_total{result="refused"} 1"#,
        ];
        assert_eq!(shown(), expected);
        drop(counting);
        assert_eq!(shown(), expected[3..]);
    }
}
