//! Values of flags.

use std::time::Duration;

/// A time such as `5s`, `500ms` or `1m30s`.
pub fn duration(text: &str) -> Result<Duration, String> {
    let parsed: jiff::SignedDuration =
        text.parse().map_err(|_| "must be a time such as 5s, 500ms or 1m30s".to_owned())?;
    Duration::try_from(parsed).map_err(|_| "must not be negative".to_owned())
}

/// A time of more than nothing.
pub fn positive_duration(text: &str) -> Result<Duration, String> {
    let duration = duration(text)?;
    if duration.is_zero() { Err("must be more than 0s".to_owned()) } else { Ok(duration) }
}

/// A number of more than nothing, with or without `Ki` or `Mi`.
pub fn size(text: &str) -> Result<usize, String> {
    let (digits, unit) = match text.strip_suffix("Mi") {
        Some(digits) => (digits, 1 << 20),
        None => text.strip_suffix("Ki").map_or((text, 1), |digits| (digits, 1 << 10)),
    };
    let number = digits.parse::<usize>().ok().and_then(|number| number.checked_mul(unit));
    number
        .filter(|number| *number > 0)
        .ok_or_else(|| "must be a number such as 32Ki, 7Mi or 1024, of at least 1".to_owned())
}
