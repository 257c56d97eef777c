//! Durations as Go reads them: `300ms`, `-1.5h`, `1m30s`.

/// The units with their nanoseconds.
const UNITS: [(&str, i128); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// The nanoseconds of a duration; none if Go reads no duration.
#[must_use]
pub fn parse(text: &str) -> Option<i128> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if unsigned == "0" {
        return Some(0);
    }
    let mut rest = unsigned;
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|character| !is_part_of_number(character))?);
        let (unit, after) = after.split_at(after.find(is_part_of_number).unwrap_or(after.len()));
        let (_, nanoseconds) = UNITS.iter().find(|(name, _)| *name == unit)?;
        total = total.checked_add(product(number, *nanoseconds)?)?;
        rest = after;
    }
    let total = if text.starts_with('-') { -total } else { total };
    (!unsigned.is_empty() && total.unsigned_abs() <= i64::MAX as u128).then_some(total)
}

/// A duration as Go prints one of a second or more: `168h0m0s`, `1m30.5s`.
#[must_use]
pub fn to_text(nanoseconds: i128) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let all = nanoseconds.unsigned_abs();
    let (seconds, rest) = (all / 1_000_000_000, all % 1_000_000_000);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let fraction = if rest == 0 { String::new() } else { format!(".{rest:09}") };
    let fraction = fraction.trim_end_matches('0');
    match (hours, minutes) {
        (0, 0) => format!("{sign}{seconds}{fraction}s"),
        (0, _) => format!("{sign}{minutes}m{seconds}{fraction}s"),
        _ => format!("{sign}{hours}h{minutes}m{seconds}{fraction}s"),
    }
}

fn is_part_of_number(character: char) -> bool {
    character.is_ascii_digit() || character == '.'
}

/// A decimal number times a unit, cut to whole nanoseconds.
fn product(number: &str, unit: i128) -> Option<i128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let mut total = whole.checked_mul(unit)?;
    let mut part = unit;
    for digit in fraction.chars() {
        part /= 10;
        total = total.checked_add(part * i128::from(digit.to_digit(10)?))?;
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::zero("0", Some(0))]
    #[case::milliseconds("300ms", Some(300_000_000))]
    #[case::mixed("1m30s", Some(90_000_000_000))]
    #[case::fraction("-1.5h", Some(-5_400_000_000_000))]
    #[case::micro("2\u{b5}s", Some(2_000))]
    #[case::leading_point("+.5s", Some(500_000_000))]
    #[case::long_fraction("1.00000000000000000000001s", Some(1_000_000_000))]
    #[case::empty("", None)]
    #[case::sign("-", None)]
    #[case::no_unit("30", None)]
    #[case::unknown_unit("1d", None)]
    #[case::no_number("s", None)]
    #[case::point(".s", None)]
    #[case::two_points("1..5s", None)]
    #[case::blank("1 s", None)]
    #[case::too_long("9999999h", None)]
    fn reads_what_go_reads(#[case] text: &str, #[case] nanoseconds: Option<i128>) {
        assert_eq!(parse(text), nanoseconds);
    }

    #[rstest]
    #[case(0, "0s")]
    #[case(1_500_000_000, "1.5s")]
    #[case(90_000_000_000, "1m30s")]
    #[case(-3_600_000_000_000, "-1h0m0s")]
    #[case(604_800_000_000_000, "168h0m0s")]
    #[case(1, "0.000000001s")]
    fn writes_what_reads_as_the_same(#[case] nanoseconds: i128, #[case] text: &str) {
        assert_eq!(to_text(nanoseconds), text);
        assert_eq!(parse(text), Some(nanoseconds));
    }
}
