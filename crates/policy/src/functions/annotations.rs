//! Annotations by which authors steer the controller, and their bounds.

use std::time::Duration;

use jiff::SignedDuration;

/// The shortest time between two questions to a Git remote.
pub const GIT_POLL_MIN: Duration = Duration::from_secs(5);
/// The longest time between two questions to a Git remote.
pub const GIT_POLL_MAX: Duration = Duration::from_hours(24);
/// The longest value of an annotation that is judged, in bytes.
pub const LENGTH_MAX: usize = 253;

const GIT_POLL: &str = "must be a duration between 5s and 24h, such as 30s or 5m";
const REBUILD: &str =
    "must be no longer than 253 bytes: any short text that changes, such as a date, rebuilds the image";

/// How often a Git remote is asked, from the annotation `gitPollInterval`.
///
/// # Errors
/// What the text must be.
pub fn git_poll_interval(text: &str) -> Result<Duration, &'static str> {
    let bounded = Some(text).filter(|text| text.len() <= LENGTH_MAX);
    let interval = bounded.and_then(|text| text.parse::<SignedDuration>().ok());
    let interval = interval.and_then(|interval| Duration::try_from(interval).ok());
    interval.filter(|interval| (GIT_POLL_MIN..=GIT_POLL_MAX).contains(interval)).ok_or(GIT_POLL)
}

/// The annotation `rebuild`: any text that is short.
///
/// # Errors
/// What the text must be.
pub fn rebuild(text: &str) -> Result<(), &'static str> {
    if text.len() <= LENGTH_MAX { Ok(()) } else { Err(REBUILD) }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("5s", Ok(5))]
    #[case("30s", Ok(30))]
    #[case("5m", Ok(300))]
    #[case("1h 30m", Ok(5400))]
    #[case("PT24H", Ok(86_400))]
    #[case("24h", Ok(86_400))]
    #[case("4s", Err(GIT_POLL))]
    #[case("4999ms", Err(GIT_POLL))]
    #[case("24h1s", Err(GIT_POLL))]
    #[case("0s", Err(GIT_POLL))]
    #[case("-30s", Err(GIT_POLL))]
    #[case("9223372036854775807s", Err(GIT_POLL))]
    #[case("9223372036854775808s", Err(GIT_POLL))]
    #[case("30", Err(GIT_POLL))]
    #[case("", Err(GIT_POLL))]
    #[case("often", Err(GIT_POLL))]
    fn the_interval_lies_in_its_bounds(#[case] text: &str, #[case] seconds: Result<u64, &str>) {
        assert_eq!(git_poll_interval(text), seconds.map(Duration::from_secs));
    }

    #[test]
    fn texts_are_bounded() {
        assert_eq!(git_poll_interval(&format!("{}30s", " ".repeat(LENGTH_MAX))), Err(GIT_POLL));
        assert_eq!(rebuild(&"x".repeat(LENGTH_MAX)), Ok(()));
        assert_eq!(rebuild(&"x".repeat(LENGTH_MAX + 1)), Err(REBUILD));
    }
}
