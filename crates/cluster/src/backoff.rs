//! When objects are retried.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use decide::backoff::retry;
use kube::runtime::controller::Action;

/// How often each object has failed in a row, and until when it rests.
#[derive(Debug, Default)]
pub struct Failures(Mutex<HashMap<String, (u32, Option<Instant>)>>);

impl Failures {
    /// Records one more failure. Returns when to retry.
    pub fn failed(&self, what: &str) -> Action {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (number, rests) = failures.entry(what.to_owned()).or_default();
        *number = number.saturating_add(1);
        let pause = retry(*number, fastrand::f64());
        *rests = Instant::now().checked_add(pause);
        Action::requeue(pause)
    }

    /// How long an object that has failed still rests. What a reconcile itself has written wakes its object: without a rest,
    /// one that writes before it fails would be retried at once, again and again.
    pub fn rest(&self, what: &str) -> Option<Duration> {
        let failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, rests) = failures.get(what)?;
        rests.as_ref()?.checked_duration_since(Instant::now())
    }

    /// Forgets the failures of an object that has succeeded, is deleted or has changed.
    pub fn forget(&self, what: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(what);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_failed_rests_until_it_is_retried_or_forgotten() {
        let failures = Failures::default();
        assert_eq!(failures.rest("a"), None);
        failures.failed("a");
        assert!(failures.rest("a").is_some_and(|rest| rest <= Duration::from_secs(1)));
        assert_eq!(failures.rest("b"), None);
        failures.forget("a");
        assert_eq!(failures.rest("a"), None);
    }
}
