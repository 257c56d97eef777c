//! A function that counts objects when metrics are asked for. Whoever knows the objects gives it, and takes it back when
//! another replica leads.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// The function, while somebody gives one.
pub(super) struct Counts<F>(Arc<Mutex<Option<F>>>);

/// Takes the function back when it is dropped.
#[must_use]
pub(crate) struct Counting<F>(Arc<Mutex<Option<F>>>);

impl<F> Counts<F> {
    /// Counts with a function until what is returned is dropped.
    pub(super) fn begin(&self, function: F) -> Counting<F> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(function);
        Counting(Arc::clone(&self.0))
    }

    /// What is counted; `None` if nobody counts.
    pub(super) fn count<T>(&self, count: impl FnOnce(&F) -> T) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(count)
    }
}

impl<F> Drop for Counting<F> {
    fn drop(&mut self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl<F> Default for Counts<F> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<F> fmt::Debug for Counts<F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Counts")
    }
}
