//! How long to wait before a retry.

use std::time::Duration;

/// The wait after the first error. It doubles with each further one.
const FIRST_RETRY: Duration = Duration::from_secs(1);
/// The longest wait.
const LONGEST_RETRY: Duration = Duration::from_mins(5);

/// The pause after a number of failures in a row. It doubles with each failure, and is a random part of that between a
/// half and all, so that objects that failed together are not retried together. `random` is between 0 and 1.
#[must_use]
pub fn retry(failures: u32, random: f64) -> Duration {
    let doubled = FIRST_RETRY.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1)));
    let pause = doubled.min(LONGEST_RETRY);
    FIRST_RETRY.max(pause.mul_f64(0.5 + random / 2.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_five_minutes_and_differ() {
        let longest: Vec<_> = (1..=12).map(|failures| retry(failures, 1.0).as_secs()).collect();
        assert_eq!(longest, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
        assert_eq!(retry(5, 0.0), Duration::from_secs(8));
        assert_eq!(retry(1, 0.0), Duration::from_secs(1));
        assert_eq!(retry(u32::MAX, 0.5), Duration::from_secs(225));
    }
}
