//! How long a node waits for a connection, as Go writes durations: `500ms`, `1s`, `1m30s`.

use std::time::Duration;

/// The longest time to wait for a connection.
const MAX: Duration = Duration::from_mins(10);

/// Reads whole numbers with units; none if the text is no duration from a millisecond to ten minutes.
#[must_use]
pub fn parse(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|character: char| !character.is_ascii_digit())?;
        let (number, unit) = rest.split_at(digits);
        let end = unit.find(|character: char| character.is_ascii_digit()).unwrap_or(unit.len());
        let (unit, after) = unit.split_at(end);
        let number: u64 = number.parse().ok()?;
        let milliseconds = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => return None,
        };
        total = total.checked_add(Duration::from_millis(number.checked_mul(milliseconds)?))?;
        rest = after;
    }
    (total > Duration::ZERO && total <= MAX).then_some(total)
}

/// Writes a duration in whole seconds, or else in milliseconds.
#[must_use]
pub fn format(duration: Duration) -> String {
    let milliseconds = duration.as_millis();
    if milliseconds.is_multiple_of(1_000) {
        format!("{}s", milliseconds / 1_000)
    } else {
        format!("{milliseconds}ms")
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::milliseconds("500ms", Some(500))]
    #[case::seconds("1s", Some(1_000))]
    #[case::mixed("1m30s", Some(90_000))]
    #[case::longest("10m", Some(600_000))]
    #[case::too_long("10m1ms", None)]
    #[case::zero("0s", None)]
    #[case::no_unit("5", None)]
    #[case::no_number("s", None)]
    #[case::fraction("1.5s", None)]
    #[case::negative("-1s", None)]
    #[case::space("1 s", None)]
    #[case::empty("", None)]
    #[case::huge("99999999999999999999s", None)]
    #[case::overflow("18446744073709551615h", None)]
    fn reads_a_duration(#[case] text: &str, #[case] milliseconds: Option<u64>) {
        assert_eq!(parse(text), milliseconds.map(Duration::from_millis));
    }

    #[rstest]
    #[case::seconds(90_000, "90s")]
    #[case::milliseconds(1_500, "1500ms")]
    fn writes_a_duration(#[case] milliseconds: u64, #[case] text: &str) {
        assert_eq!(format(Duration::from_millis(milliseconds)), text);
    }
}
