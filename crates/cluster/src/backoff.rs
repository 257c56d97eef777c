//! When objects are retried.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use decide::backoff::retry;
use kube::runtime::controller::Action;

/// How often each object has failed in a row.
#[derive(Debug, Default)]
pub struct Failures(Mutex<HashMap<String, u32>>);

impl Failures {
    /// Records one more failure. Returns when to retry.
    pub fn failed(&self, what: &str) -> Action {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = failures.entry(what.to_owned()).or_default();
        *number = number.saturating_add(1);
        Action::requeue(retry(*number, fastrand::f64()))
    }

    /// Forgets the failures of an object that has succeeded, is deleted or has changed.
    pub fn forget(&self, what: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(what);
    }
}
