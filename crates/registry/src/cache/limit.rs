//! Until when the upstream answers no questions: it has said that there were too many.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use decide::cache::proof::{LIMITED, LIMITED_WITHIN};
use tokio::time::Instant;

/// The end of the pause.
#[derive(Debug, Default)]
pub(super) struct Limit(Mutex<Option<Instant>>);

impl Limit {
    /// The upstream wants a pause.
    pub(super) fn set(&self, pause: Option<Duration>, now: Instant) {
        let [shortest, longest] = LIMITED_WITHIN;
        let end = now + pause.unwrap_or(LIMITED).clamp(shortest, longest);
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *last = (*last).max(Some(end));
    }

    /// Whether the pause lasts.
    pub(super) fn is_set(&self, now: Instant) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|end| now < end)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(None, 60)]
    #[case(Some(0), 10)]
    #[case(Some(30), 30)]
    #[case(Some(u64::MAX), 3600)]
    #[tokio::test(start_paused = true)]
    async fn a_pause_ends_when_the_upstream_says(#[case] pause: Option<u64>, #[case] seconds: u64) {
        let (limit, now) = (Limit::default(), Instant::now());
        assert!(!limit.is_set(now));
        limit.set(pause.map(Duration::from_secs), now);
        assert!(limit.is_set(now + Duration::from_secs(seconds - 1)));
        assert!(!limit.is_set(now + Duration::from_secs(seconds)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_shorter_pause_ends_no_longer_one() {
        let (limit, now) = (Limit::default(), Instant::now());
        limit.set(Some(Duration::from_secs(100)), now);
        limit.set(None, now);
        assert!(limit.is_set(now + Duration::from_secs(99)));
    }
}
