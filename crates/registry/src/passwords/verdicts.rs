//! What was found out about passwords, by their digests.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::generations::{Digest, Generations};

/// How long a wrong password stays wrong without another look: nodes retry with what they have.
const WRONG_LIFE: Duration = Duration::from_secs(10);

/// Right and wrong passwords. Apart: who sends wrong ones takes no place of right ones.
#[derive(Debug, Default)]
pub(super) struct Verdicts {
    right: Mutex<Generations<usize>>,
    wrong: Mutex<Generations<Instant>>,
}

impl Verdicts {
    /// The place of the hash that a password belongs to, if that is known.
    pub(super) fn right(&self, digest: &Digest) -> Option<usize> {
        self.right.lock().unwrap_or_else(PoisonError::into_inner).get(digest)
    }

    pub(super) fn add_right(&self, digest: Digest, place: usize) {
        self.right.lock().unwrap_or_else(PoisonError::into_inner).insert(digest, place);
    }

    /// Whether a password was wrong a moment ago.
    pub(super) fn is_wrong(&self, digest: &Digest, now: Instant) -> bool {
        let end = self.wrong.lock().unwrap_or_else(PoisonError::into_inner).get(digest);
        end.is_some_and(|end| now < end)
    }

    pub(super) fn add_wrong(&self, digest: Digest, now: Instant) {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        if wrong.get(&digest).is_none_or(|end| end <= now) {
            wrong.insert(digest, now + WRONG_LIFE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generations::COUNT_MAX;

    fn digest(number: usize) -> Digest {
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&number.to_be_bytes());
        digest
    }

    #[tokio::test(start_paused = true)]
    async fn wrong_passwords_take_no_place_of_right_ones() {
        let (verdicts, now) = (Verdicts::default(), Instant::now());
        verdicts.add_right(digest(usize::MAX), 1);
        for number in 0..3 * COUNT_MAX {
            verdicts.add_wrong(digest(number), now);
        }
        assert_eq!(verdicts.right(&digest(usize::MAX)), Some(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_wrong_password_is_looked_at_again_after_a_while() {
        let (verdicts, now) = (Verdicts::default(), Instant::now());
        verdicts.add_wrong(digest(1), now);
        // Who asks again does not keep it wrong.
        verdicts.add_wrong(digest(1), now + WRONG_LIFE / 2);
        assert!(verdicts.is_wrong(&digest(1), now + WRONG_LIFE / 2));
        assert!(!verdicts.is_wrong(&digest(1), now + WRONG_LIFE));
    }
}
