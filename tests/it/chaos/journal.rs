//! What happens when, and what went wrong that should not have.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long after it is over something may still fail for it: connections are made again.
const AFTERMATH: Duration = Duration::from_secs(1);

/// Printed as it is written.
pub struct Journal {
    start: Instant,
    outages: Mutex<Vec<(Instant, Option<Instant>)>>,
    blamed: Mutex<Vec<String>>,
}

impl Journal {
    pub fn new() -> Self {
        Self { start: Instant::now(), outages: Mutex::default(), blamed: Mutex::default() }
    }

    pub fn tell(&self, what: &str) {
        eprintln!("{:6.1} s  {what}", self.start.elapsed().as_secs_f32());
    }

    /// Something is done by which requests may fail.
    pub fn outage(&self, cause: impl FnOnce()) {
        lock(&self.outages).push((Instant::now(), None));
        cause();
        if let Some((_, end)) = lock(&self.outages).last_mut() {
            *end = Some(Instant::now());
        }
    }

    /// Whether what was asked for then, and has failed just now, may have failed.
    pub fn is_excused(&self, asked: Instant) -> bool {
        lock(&self.outages).iter().any(|(_, end)| end.is_none_or(|end| asked < end + AFTERMATH))
    }

    pub fn blame(&self, what: &str) {
        self.tell(&format!("WRONG: {what}"));
        lock(&self.blamed).push(what.to_owned());
    }

    pub fn blamed(&self) -> Vec<String> {
        lock(&self.blamed).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
