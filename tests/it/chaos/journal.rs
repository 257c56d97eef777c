//! A log of what happens, and of unexpected failures.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long after an outage requests may still fail, because connections are opened again.
const AFTERMATH: Duration = Duration::from_secs(1);

/// A journal that is printed while it is written.
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

    /// Runs something that may make requests fail.
    pub fn outage(&self, cause: impl FnOnce()) {
        lock(&self.outages).push((Instant::now(), None));
        cause();
        if let Some((_, end)) = lock(&self.outages).last_mut() {
            *end = Some(Instant::now());
        }
    }

    /// Whether a request that was sent at this time, and has just failed, may fail.
    pub fn is_excused(&self, asked: Instant) -> bool {
        self.is_excused_for(asked, AFTERMATH)
    }

    /// See [`Self::is_excused`], where requests may fail for longer after an outage.
    pub fn is_excused_for(&self, asked: Instant, aftermath: Duration) -> bool {
        lock(&self.outages).iter().any(|(_, end)| end.is_none_or(|end| asked < end + aftermath))
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
