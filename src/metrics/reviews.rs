//! What is counted of answered reviews, by endpoint.

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::admission::review::Verdict;
use crate::admission::routes::{ENDPOINTS, Endpoint};

type Labels<const N: usize> = [(&'static str, &'static str); N];

const OPERATIONS: [&str; 5] = ["CREATE", "UPDATE", "DELETE", "CONNECT", "other"];
const VERDICTS: [Verdict; 4] = [Verdict::Allowed, Verdict::Patched, Verdict::Refused, Verdict::Error];
const SECONDS: [f64; 16] =
    [0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// The counters of all endpoints.
#[derive(Debug)]
pub(crate) struct Reviews(Vec<OfEndpoint>);

#[derive(Debug)]
struct OfEndpoint {
    path: &'static str,
    /// By operation, then by verdict.
    reviews: Vec<Vec<Counter>>,
    seconds: Histogram,
    warnings: Counter,
}

impl Reviews {
    pub(super) fn register(registry: &mut Registry) -> Self {
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
            OfEndpoint {
                path: endpoint.path,
                reviews: OPERATIONS.map(by_verdict).to_vec(),
                seconds: seconds.get_or_create_owned(&[label]),
                warnings: warnings.get_or_create_owned(&[label]),
            }
        };
        Self(ENDPOINTS.iter().map(endpoint).collect())
    }

    /// Counts an answered review.
    pub(crate) fn count(
        &self,
        endpoint: &Endpoint,
        operation: &str,
        verdict: Verdict,
        warnings: usize,
        took: Duration,
    ) {
        let Some(metrics) = self.0.iter().find(|metrics| metrics.path == endpoint.path) else { return };
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
}
