//! Kubernetes quantities: exact values, their comparison and their canonical form.
//!
//! Semantics of `k8s.io/apimachinery/pkg/api/resource`: values are rounded up (away from zero) to nano, those with a
//! binary suffix are capped at 2^63-1. Values of more than about 1.7e29 are out of range here.

use std::cmp::Ordering;
use std::fmt;

/// A number such as `100m`, `64Mi` or `1e3`, as an exact multiple of 10^-9. Two spellings of one number are equal.
#[derive(Clone, Copy, Debug)]
pub struct Quantity {
    nanos: i128,
    format: Format,
}

/// Which family of suffixes the author used; the canonical form keeps it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Format {
    /// `1`, `1k`, `1m`.
    DecimalSi,
    /// `1Ki`.
    BinarySi,
    /// `1e3`.
    DecimalExponent,
}

/// Why a text is not a quantity.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ParseError {
    /// The text has not the form of a quantity.
    #[error("must be a quantity such as 100m, 0.5, 64Mi or 1e3")]
    Syntax,
    /// The number is greater than any that can be compared exactly.
    #[error("must be a quantity within ±1e29")]
    Range,
}

const NANOS_EXPONENT: i32 = 9;
const UNIT: i128 = 1_000_000_000;
const BINARY_MAX: i128 = i64::MAX as i128 * UNIT;

impl Quantity {
    /// Zero.
    pub(crate) const ZERO: Self = Self { nanos: 0, format: Format::DecimalSi };

    /// Reads a quantity.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let (negative, unsigned) = match text.as_bytes().first() {
            Some(b'-') => (true, text.get(1..)),
            Some(b'+') => (false, text.get(1..)),
            _ => (false, Some(text)),
        };
        let unsigned = unsigned.ok_or(ParseError::Syntax)?;
        let (whole, rest) = split_digits(unsigned);
        let (fraction, suffix) = rest.strip_prefix('.').map_or(("", rest), split_digits);
        if whole.is_empty() && fraction.is_empty() {
            return Err(ParseError::Syntax);
        }
        let (scale, format) = parse_suffix(suffix)?;
        let mut nanos = scale.nanos(whole, fraction)?;
        if format == Format::BinarySi {
            nanos = nanos.min(BINARY_MAX);
        }
        Ok(Self { nanos: if negative { -nanos } else { nanos }, format })
    }

    /// Whether this is zero, which is treated as not set.
    #[must_use]
    pub(crate) fn is_zero(&self) -> bool {
        self.nanos == 0
    }

    /// Whether this is less than zero.
    #[must_use]
    pub(crate) fn is_negative(&self) -> bool {
        self.nanos < 0
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nanos == other.nanos
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nanos.cmp(&other.nanos)
    }
}

/// The canonical form: the largest suffix of its family that leaves no fraction.
impl fmt::Display for Quantity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let small = self.nanos.abs() < 1024 * UNIT;
        if self.format == Format::BinarySi && !small && self.nanos % UNIT == 0 {
            return fmt_binary(self.nanos / UNIT, formatter);
        }
        fmt_decimal(self.nanos, self.format, formatter)
    }
}

fn fmt_binary(mut units: i128, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut suffix = "";
    for larger in ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"] {
        if units % 1024 != 0 {
            break;
        }
        units /= 1024;
        suffix = larger;
    }
    write!(formatter, "{units}{suffix}")
}

fn fmt_decimal(nanos: i128, format: Format, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    if nanos == 0 {
        return formatter.write_str("0");
    }
    let mut amount = nanos;
    let mut exponent = -NANOS_EXPONENT;
    while amount % 1000 == 0 && (exponent < 18 || format == Format::DecimalExponent) {
        amount /= 1000;
        exponent += 3;
    }
    match (format, exponent) {
        (_, 0) => write!(formatter, "{amount}"),
        (Format::DecimalExponent, _) => write!(formatter, "{amount}e{exponent}"),
        _ => write!(formatter, "{amount}{}", decimal_suffix(exponent)),
    }
}

fn decimal_suffix(exponent: i32) -> &'static str {
    match exponent {
        -9 => "n",
        -6 => "u",
        -3 => "m",
        3 => "k",
        6 => "M",
        9 => "G",
        12 => "T",
        15 => "P",
        _ => "E",
    }
}

/// What a suffix multiplies by.
#[derive(Clone, Copy)]
enum Scale {
    /// 10 to this power.
    Ten(i32),
    /// 2 to this power.
    Two(u32),
}

impl Scale {
    /// The value of `whole.fraction` in nanos, rounded up.
    fn nanos(self, whole: &str, fraction: &str) -> Result<i128, ParseError> {
        if whole.bytes().chain(fraction.bytes()).all(|digit| digit == b'0') {
            return Ok(0);
        }
        let (factor, divisor_exponent) = self.factor()?;
        let whole =
            whole.bytes().try_fold(0_i128, |sum, digit| sum.checked_mul(10)?.checked_add(value_of(digit)));
        let whole = whole.and_then(|whole| whole.checked_mul(factor)).ok_or(ParseError::Range)?;
        let (fraction, inexact) = scale_fraction(fraction, factor)?;
        let sum = whole.checked_add(fraction).ok_or(ParseError::Range)?;
        if divisor_exponent == 0 {
            return sum.checked_add(inexact.into()).ok_or(ParseError::Range);
        }
        // What is less than one part of the divisor vanishes but for the rounding.
        let divisor = 10_i128.checked_pow(divisor_exponent).unwrap_or(i128::MAX);
        let rounds_up = inexact || sum % divisor != 0;
        (sum / divisor).checked_add(rounds_up.into()).ok_or(ParseError::Range)
    }

    /// A factor and the power of ten to divide by, which together turn a number into nanos.
    fn factor(self) -> Result<(i128, u32), ParseError> {
        match self {
            Self::Two(power) => Ok((UNIT << power, 0)),
            Self::Ten(power) => {
                let power = power.saturating_add(NANOS_EXPONENT);
                if power < 0 {
                    return Ok((1, power.unsigned_abs()));
                }
                10_i128.checked_pow(power.unsigned_abs()).map(|factor| (factor, 0)).ok_or(ParseError::Range)
            }
        }
    }
}

/// `0.fraction × factor`, rounded down, and whether that left something out.
fn scale_fraction(fraction: &str, factor: i128) -> Result<(i128, bool), ParseError> {
    let mut inexact = false;
    let scaled = fraction.bytes().rev().try_fold(0_i128, |sum, digit| {
        let sum = factor.checked_mul(value_of(digit))?.checked_add(sum)?;
        inexact |= sum % 10 != 0;
        Some(sum / 10)
    });
    scaled.map(|scaled| (scaled, inexact)).ok_or(ParseError::Range)
}

fn value_of(digit: u8) -> i128 {
    i128::from(digit.wrapping_sub(b'0'))
}

fn split_digits(text: &str) -> (&str, &str) {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    text.split_at(end)
}

fn parse_suffix(suffix: &str) -> Result<(Scale, Format), ParseError> {
    let decimal = |power| Ok((Scale::Ten(power), Format::DecimalSi));
    let binary = |power| Ok((Scale::Two(power), Format::BinarySi));
    match suffix {
        "" => decimal(0),
        "n" => decimal(-9),
        "u" => decimal(-6),
        "m" => decimal(-3),
        "k" => decimal(3),
        "M" => decimal(6),
        "G" => decimal(9),
        "T" => decimal(12),
        "P" => decimal(15),
        "E" => decimal(18),
        "Ki" => binary(10),
        "Mi" => binary(20),
        "Gi" => binary(30),
        "Ti" => binary(40),
        "Pi" => binary(50),
        "Ei" => binary(60),
        _ => parse_exponent(suffix).map(|power| (Scale::Ten(power), Format::DecimalExponent)),
    }
}

fn parse_exponent(suffix: &str) -> Result<i32, ParseError> {
    let exponent = suffix.strip_prefix(['e', 'E']).ok_or(ParseError::Syntax)?;
    let (negative, digits) = match exponent.as_bytes().first() {
        Some(b'-') => (true, exponent.get(1..)),
        Some(b'+') => (false, exponent.get(1..)),
        _ => (false, Some(exponent)),
    };
    let digits =
        digits.filter(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()));
    // An exponent that does not fit is as good as any that is far out of range.
    let exponent = digits.ok_or(ParseError::Syntax)?.parse::<i32>().unwrap_or(i32::MAX);
    Ok(if negative { -exponent } else { exponent })
}
