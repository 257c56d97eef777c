//! How often a user may be wrong at the upstream: registries lock accounts after some wrong logins.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::generations::{Digest, Generations};

/// How many wrong logins of a user the upstream sees in [`PERIOD`].
const WRONG_MAX: usize = 3;
/// The time in which they are counted.
const PERIOD: Duration = Duration::from_mins(1);

/// How long the proven logins of a user are not trusted, once one was wrong.
const DOUBT: Duration = Duration::from_hours(24);

/// The last wrong logins of each user.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    wrong: Mutex<Generations<[Option<Instant>; WRONG_MAX]>>,
    doubted: Mutex<Generations<Instant>>,
}

impl Attempts {
    /// Whether the upstream may see another login that could be wrong.
    pub(super) fn may_be_wrong(&self, user: &Digest, now: Instant) -> bool {
        let last = self.wrong.lock().unwrap_or_else(PoisonError::into_inner).get(user).unwrap_or_default();
        last.iter().any(|wrong| is_over(*wrong, now))
    }

    /// A login was wrong.
    pub(super) fn wrong(&self, user: Digest, now: Instant) {
        let mut attempts = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        let mut last = attempts.get(&user).unwrap_or_default();
        if let Some(oldest) = last.iter_mut().min() {
            *oldest = Some(now);
        }
        attempts.insert(user, last);
    }

    /// A login of a user was proven, and is wrong all the same: its password has changed, or the upstream does not look at
    /// logins that ask for what is public. Proofs may mean nothing there.
    pub(super) fn doubt(&self, user: Digest, now: Instant) {
        self.doubted.lock().unwrap_or_else(PoisonError::into_inner).insert(user, now + DOUBT);
    }

    /// Whether proofs of a user's logins may mean nothing.
    pub(super) fn is_doubted(&self, user: &Digest, now: Instant) -> bool {
        let end = self.doubted.lock().unwrap_or_else(PoisonError::into_inner).get(user);
        end.is_some_and(|end| now < end)
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
