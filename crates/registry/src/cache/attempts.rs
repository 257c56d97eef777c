//! How often a user may be wrong at the upstream: registries lock accounts after some wrong logins.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::generations::{Digest, Generations};

/// How many wrong logins of a user the upstream sees in [`PERIOD`].
const WRONG_MAX: usize = 3;
/// The time in which they are counted.
const PERIOD: Duration = Duration::from_mins(1);

/// The last wrong logins of each user.
#[derive(Debug, Default)]
pub(super) struct Attempts(Mutex<Generations<[Option<Instant>; WRONG_MAX]>>);

impl Attempts {
    /// Whether the upstream may see another login that could be wrong.
    pub(super) fn may_be_wrong(&self, user: &Digest, now: Instant) -> bool {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(user).unwrap_or_default();
        last.iter().any(|wrong| is_over(*wrong, now))
    }

    /// A login was wrong.
    pub(super) fn wrong(&self, user: Digest, now: Instant) {
        let mut attempts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut last = attempts.get(&user).unwrap_or_default();
        if let Some(oldest) = last.iter_mut().min() {
            *oldest = Some(now);
        }
        attempts.insert(user, last);
    }
}

fn is_over(wrong: Option<Instant>, now: Instant) -> bool {
    wrong.is_none_or(|wrong| now >= wrong + PERIOD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_user_is_wrong_three_times_a_minute() {
        let (attempts, start) = (Attempts::default(), Instant::now());
        let (me, you) = ([1; 32], [2; 32]);
        let at = |seconds| start + Duration::from_secs(seconds);
        for seconds in [0, 10, 20] {
            assert!(attempts.may_be_wrong(&me, at(seconds)));
            attempts.wrong(me, at(seconds));
        }
        assert!(!attempts.may_be_wrong(&me, at(59)));
        assert!(attempts.may_be_wrong(&you, at(59)));
        assert!(attempts.may_be_wrong(&me, at(60)));
        attempts.wrong(me, at(60));
        assert!(!attempts.may_be_wrong(&me, at(69)));
        assert!(attempts.may_be_wrong(&me, at(70)));
    }
}
