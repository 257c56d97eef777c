//! Durations as Go reads them.

use std::time::Duration;

/// A duration in the largest unit that keeps it whole: `1s`, `1500ms`.
#[must_use]
pub(super) fn to_go(duration: Duration) -> String {
    let nanoseconds = duration.as_nanos();
    let units = [(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us")];
    let unit = units.into_iter().find(|(size, _)| nanoseconds.is_multiple_of(*size));
    let (size, name) = unit.unwrap_or((1, "ns"));
    format!("{}{name}", nanoseconds / size)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::seconds(Duration::from_secs(90), "90s")]
    #[case::milliseconds(Duration::from_millis(1500), "1500ms")]
    #[case::microseconds(Duration::from_micros(1500), "1500us")]
    #[case::nanoseconds(Duration::from_nanos(1_000_000_001), "1000000001ns")]
    fn is_written_in_one_unit(#[case] duration: Duration, #[case] text: &str) {
        assert_eq!(to_go(duration), text);
    }
}
