//! How long the answer to a wrong login takes: longer each time, for an account from an address.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::generations::Digest;

/// The first delay: longer than verifications take, so that the time of an answer says nothing.
const FIRST: Duration = Duration::from_millis(500);
/// The longest delay.
const LAST: Duration = Duration::from_secs(4);
/// How long wrong logins are remembered.
const LIFE: Duration = Duration::from_mins(1);
/// How many sources are remembered.
const COUNT_MAX: usize = 16 * 1024;

/// The wrong logins of the last minute.
#[derive(Debug, Default)]
pub(super) struct Delays(Mutex<HashMap<Digest, Wrong>>);

#[derive(Clone, Copy, Debug)]
struct Wrong {
    count: u32,
    last: Instant,
    /// How long after `last` it is answered, and nothing else of this source is verified.
    delay: Duration,
}

/// A login that is being verified. One whose client leaves before the verdict was wrong: nobody guesses faster that way.
#[derive(Debug)]
pub(super) struct Attempt<'a> {
    delays: &'a Delays,
    source: Digest,
    started: Instant,
    is_decided: bool,
}

impl Delays {
    /// Begins to verify a login. `None` as long as a wrong one of this source is not answered.
    pub(super) fn attempt(&self, source: Digest, now: Instant) -> Option<Attempt<'_>> {
        let sources = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = sources.get(&source).is_some_and(|wrong| now < wrong.last + wrong.delay);
        (!waits).then(|| Attempt { delays: self, source, started: now, is_decided: false })
    }

    /// How long after its beginning this wrong login is answered.
    fn next(&self, source: Digest, now: Instant) -> Duration {
        let mut sources = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sources.len() >= COUNT_MAX && !sources.contains_key(&source) {
            sources.retain(|_, wrong| now.saturating_duration_since(wrong.last) < LIFE);
            if sources.len() >= COUNT_MAX {
                // So many sources are an attack, and each of them waits for long.
                return LAST;
            }
        }
        let wrong = sources.entry(source).or_insert(Wrong { count: 0, last: now, delay: FIRST });
        if now.saturating_duration_since(wrong.last) >= LIFE {
            wrong.count = 0;
        }
        let delay = FIRST.saturating_mul(2_u32.saturating_pow(wrong.count)).min(LAST);
        *wrong = Wrong { count: wrong.count.saturating_add(1), last: now, delay };
        delay
    }

    fn forget(&self, source: &Digest) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(source);
    }
}

impl Attempt<'_> {
    /// It was right, which ends the delays.
    pub(super) fn right(mut self) {
        self.is_decided = true;
        self.delays.forget(&self.source);
    }

    /// It was wrong: when it is answered.
    pub(super) fn wrong(mut self) -> Instant {
        self.is_decided = true;
        self.started + self.delays.next(self.source, self.started)
    }

    /// It was not verified.
    pub(super) fn undecided(mut self) {
        self.is_decided = true;
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if !self.is_decided {
            self.delays.next(self.source, self.started);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_wrong_login_takes_longer_until_one_is_right_or_a_minute_has_passed() {
        let (delays, now) = (Delays::default(), Instant::now());
        let next = |now| delays.next([1; 32], now).as_millis();
        assert_eq!([next(now), next(now), next(now), next(now), next(now)], [500, 1000, 2000, 4000, 4000]);
        assert_eq!(delays.next([2; 32], now), FIRST);
        delays.forget(&[1; 32]);
        assert_eq!([next(now), next(now)], [500, 1000]);
        assert_eq!(next(now + LIFE), 500);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_verified_before_a_wrong_login_is_answered_and_one_that_is_given_up_was_wrong() {
        let (delays, now) = (Delays::default(), Instant::now());
        let source = [1; 32];
        delays.attempt(source, now).unwrap().undecided();
        assert_eq!(delays.attempt(source, now).unwrap().wrong(), now + FIRST);
        let earlier = now + FIRST - Duration::from_millis(1);
        assert!(delays.attempt(source, earlier).is_none());
        assert!(delays.attempt([2; 32], earlier).is_some());
        // Its client leaves.
        drop(delays.attempt(source, now + FIRST).unwrap());
        assert!(delays.attempt(source, now + FIRST * 2).is_none());
        delays.attempt(source, now + FIRST * 3).unwrap().right();
        assert!(delays.attempt(source, now + FIRST * 3).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn sources_are_bounded() {
        let (delays, now) = (Delays::default(), Instant::now());
        let source = |number: usize| {
            let mut source = [0; 32];
            source[..8].copy_from_slice(&number.to_be_bytes());
            source
        };
        for number in 0..COUNT_MAX {
            assert_eq!(delays.next(source(number), now), FIRST);
        }
        assert_eq!(delays.next(source(COUNT_MAX), now), LAST);
        assert_eq!(delays.next(source(COUNT_MAX), now + LIFE), FIRST);
        assert_eq!(delays.0.lock().unwrap().len(), 1);
    }
}
