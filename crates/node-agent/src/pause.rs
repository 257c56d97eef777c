//! Pauses that differ from node to node, so that the agents of a cluster do not ask together.

use std::time::Duration;

/// A random pause between a half and all of one.
pub(crate) fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(0.5 + fastrand::f64() / 2.0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn pauses_differ_within_their_bounds() {
        let pauses: BTreeSet<_> = (0..100).map(|_| jittered(Duration::from_secs(10))).collect();
        assert!(pauses.len() > 50, "only {}", pauses.len());
        assert!(pauses.iter().all(|pause| (5.0..=10.0).contains(&pause.as_secs_f64())), "{pauses:?}");
    }
}
