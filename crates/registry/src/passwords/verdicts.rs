//! What was found out about passwords, by their digests.

use std::collections::HashMap;
use std::mem;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::digest::Digest;

/// The most digests of one kind in each of two generations: what was not used in one is forgotten with the next.
const COUNT_MAX: usize = 16 * 1024;
/// How long a wrong password stays wrong without another look: nodes retry with what they have.
const WRONG_LIFE: Duration = Duration::from_secs(10);

/// Right and wrong passwords. Apart: who sends wrong ones takes no place of right ones.
#[derive(Debug, Default)]
pub(super) struct Verdicts {
    right: Mutex<Generations<usize>>,
    wrong: Mutex<Generations<Instant>>,
}

#[derive(Debug)]
struct Generations<T> {
    young: HashMap<Digest, T>,
    old: HashMap<Digest, T>,
}

impl<T> Default for Generations<T> {
    fn default() -> Self {
        Self { young: HashMap::new(), old: HashMap::new() }
    }
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

impl<T: Copy> Generations<T> {
    fn get(&mut self, digest: &Digest) -> Option<T> {
        if let Some(value) = self.young.get(digest) {
            return Some(*value);
        }
        let value = self.old.remove(digest)?;
        self.insert(*digest, value);
        Some(value)
    }

    fn insert(&mut self, digest: Digest, value: T) {
        if self.young.len() >= COUNT_MAX {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(digest, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(number: usize) -> Digest {
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&number.to_be_bytes());
        digest
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_used_stays_and_the_rest_is_bounded() {
        let verdicts = Verdicts::default();
        for number in 0..10 * COUNT_MAX {
            verdicts.add_right(digest(number), number);
            assert_eq!(verdicts.right(&digest(0)), Some(0));
        }
        let right = verdicts.right.lock().unwrap();
        assert!(right.young.len() + right.old.len() <= 2 * COUNT_MAX);
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
