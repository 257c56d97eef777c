//! The form of bcrypt hashes, as accounts hold them. No error holds any part of the text: it may be a password.
//!
//! Verifiers are not robust against texts that are no hashes, and a high cost holds them for minutes. So a text is read
//! here before any verifier sees it. Verifying a password is not here.

use std::fmt;
use std::ops::RangeInclusive;

use zeroize::Zeroize as _;

/// The costs that are accepted: each step doubles the time of a login. 14 takes about a second.
pub const COSTS: RangeInclusive<u8> = 4..=14;
/// The length of every hash.
const LENGTH: usize = 60;
/// How many characters hold the salt; the others behind it hold the hash itself.
const SALT: usize = 22;

/// A text that a verifier can be given.
#[derive(Clone, Eq, PartialEq)]
pub struct Bcrypt {
    text: String,
    cost: u8,
}

/// Why a text is no bcrypt hash that is accepted.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BcryptError {
    /// It is no hash at all, so it is probably a password in plain text.
    #[error(
        "must be a bcrypt hash, not a password in plain text: `htpasswd -nBC 10 NAME` prints one; if this is a password, choose another, since audit logs may hold it now"
    )]
    PlainText,
    /// It is a hash of another kind.
    #[error(
        "must start with $2a$, $2b$ or $2y$: other hashes are not verified; `htpasswd -nBC 10 NAME` prints one"
    )]
    Version,
    /// Its cost is out of range, or not written with two digits.
    #[error("must have a cost between 04 and 14, such as $2y$10$: each step doubles the time of a login")]
    Cost,
    /// It is cut, or something stands before or behind it.
    #[error("must have 60 characters, with no space or newline before or behind them")]
    Length,
    /// It holds a character that no hash holds, or ends as no hash ends.
    #[error("must be as bcrypt has printed it: one of its characters is wrong")]
    Character,
}

impl Bcrypt {
    /// The hash, for a verifier.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// How much work a verification is: `2^cost` rounds.
    #[must_use]
    pub fn cost(&self) -> u8 {
        self.cost
    }
}

/// Reads a hash: `$2a$`, `$2b$` or `$2y$`, two digits of cost, `$`, 22 characters of salt and 31 of hash.
///
/// # Errors
/// What the text must be, without any part of it.
pub fn parse(text: &str) -> Result<Bcrypt, BcryptError> {
    // In modular crypt form every hash starts with its kind between two dollars.
    let kind = text.trim_start().strip_prefix('$').and_then(|rest| rest.split_once('$'));
    let Some((kind, _)) = kind.filter(|(kind, _)| is_kind(kind)) else { return Err(BcryptError::PlainText) };
    if !matches!(kind, "2a" | "2b" | "2y") {
        return Err(BcryptError::Version);
    }
    let rest = text.get("$2a$".len()..).filter(|_| text.starts_with('$')).ok_or(BcryptError::Length)?;
    let (cost, rest) = rest.split_once('$').ok_or(BcryptError::Cost)?;
    let is_written_well = cost.len() == 2 && cost.bytes().all(|byte| byte.is_ascii_digit());
    let cost = cost.parse().ok().filter(|cost| is_written_well && COSTS.contains(cost));
    let cost = cost.ok_or(BcryptError::Cost)?;
    if text.len() != LENGTH {
        return Err(BcryptError::Length);
    }
    let (salt, hash) = rest.split_at_checked(SALT).ok_or(BcryptError::Character)?;
    // 16 bytes of salt leave 4 bits of the last character unused, 23 bytes of hash 2. Strict verifiers want them to be 0.
    if ends_with_zeros(salt, 4) && ends_with_zeros(hash, 2) {
        Ok(Bcrypt { text: text.to_owned(), cost })
    } else {
        Err(BcryptError::Character)
    }
}

fn is_kind(kind: &str) -> bool {
    (1..=16).contains(&kind.len()) && kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Whether a text consists of digits of bcrypt, of which the last has its `bits` lowest bits 0.
fn ends_with_zeros(text: &str, bits: u32) -> bool {
    let last = text.bytes().try_fold(0, |_, byte| digit(byte));
    last.is_some_and(|last| last.trailing_zeros() >= bits)
}

/// The value of a digit in the Base64 of bcrypt: `./A-Za-z0-9`.
fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'.' => Some(0),
        b'/' => Some(1),
        b'A'..=b'Z' => Some(byte - b'A' + 2),
        b'a'..=b'z' => Some(byte - b'a' + 28),
        b'0'..=b'9' => Some(byte - b'0' + 54),
        _ => None,
    }
}

/// Shows the cost alone: who has the hash can guess passwords at leisure.
impl fmt::Debug for Bcrypt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Bcrypt").field("cost", &self.cost).finish_non_exhaustive()
    }
}

impl Drop for Bcrypt {
    fn drop(&mut self) {
        self.text.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// What libxcrypt prints, for the empty password, `a`, the alphabet and others.
    const VECTORS: [&str; 6] = [
        "$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.",
        "$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe",
        "$2a$10$fVH8e28OQRj9tqiDXs1e1uxpsjN0c7II7YPKXua2NAKYvM6iQk7dq",
        "$2a$12$WApznUOJfkEGSmYRfnkrPOr466oFDCaj4b6HY3EXGvfxm43seyhgC",
        "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$2b$04$zVHmKQtGGQob.b/Nc7l9NOSa4lgG0pJcwpctL550EMksFyVnyfB4a",
    ];

    #[test]
    fn reads_the_vectors() {
        for (vector, cost) in VECTORS.into_iter().zip([6, 6, 10, 12, 5, 4]) {
            let hash = parse(vector).unwrap_or_else(|error| panic!("{vector}: {error}"));
            assert_eq!((hash.as_str(), hash.cost()), (vector, cost));
        }
    }

    const SALT_AND_HASH: &str = "If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i";

    #[rstest]
    #[case::least("$2b$04$", Ok(4))]
    #[case::most("$2b$14$", Ok(14))]
    #[case::too_cheap("$2b$03$", Err(BcryptError::Cost))]
    #[case::too_expensive("$2b$15$", Err(BcryptError::Cost))]
    #[case::the_most_that_bcrypt_knows("$2b$31$", Err(BcryptError::Cost))]
    #[case::one_digit("$2b$4$", Err(BcryptError::Cost))]
    #[case::three_digits("$2b$010$", Err(BcryptError::Cost))]
    #[case::sign("$2b$+9$", Err(BcryptError::Cost))]
    #[case::no_cost("$2b$$", Err(BcryptError::Cost))]
    #[case::no_version("$2$10$", Err(BcryptError::Version))]
    #[case::version_with_a_fault("$2x$10$", Err(BcryptError::Version))]
    #[case::upper_case("$2B$10$", Err(BcryptError::Version))]
    #[case::sha512("$6$10$", Err(BcryptError::Version))]
    #[case::argon2("$argon2id$10$", Err(BcryptError::Version))]
    #[case::apr1("$apr1$10$", Err(BcryptError::Version))]
    #[case::no_dollar("2b$10$", Err(BcryptError::PlainText))]
    #[case::user_before_it("me:$2b$10$", Err(BcryptError::PlainText))]
    #[case::space_before_it(" $2b$10$", Err(BcryptError::Length))]
    fn reads_version_and_cost(#[case] start: &str, #[case] cost: Result<u8, BcryptError>) {
        assert_eq!(parse(&format!("{start}{SALT_AND_HASH}")).map(|hash| hash.cost()), cost);
    }

    #[rstest]
    #[case::empty("", BcryptError::PlainText)]
    #[case::password("hunter2", BcryptError::PlainText)]
    #[case::password_with_dollars("$ecret pass$word", BcryptError::PlainText)]
    #[case::dollars("$$", BcryptError::PlainText)]
    #[case::bare("$2b$", BcryptError::Cost)]
    #[case::cut("$2b$10$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0", BcryptError::Length)]
    #[case::newline("$2b$10$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i\n", BcryptError::Length)]
    #[case::longer("$2b$10$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0iA", BcryptError::Length)]
    #[case::plus("$2b$10$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf+iqN8.yx.jNN1ILEf7h0i", BcryptError::Character)]
    #[case::unicode("$2b$10$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tféiqN8yx.jNN1ILEf7h0i", BcryptError::Character)]
    #[case::unicode_across_the_salt(
        "$2b$10$If6bvum7DFjUnE9p2uDeDé0YHzrHM6tfiqN8.yx.jNN1ILEf7h0i",
        BcryptError::Character
    )]
    #[case::end_of_the_salt(
        "$2b$10$If6bvum7DFjUnE9p2uDeDv0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i",
        BcryptError::Character
    )]
    #[case::end_of_the_hash(
        "$2b$10$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0j",
        BcryptError::Character
    )]
    fn refuses_what_is_no_hash(#[case] text: &str, #[case] error: BcryptError) {
        assert_eq!(parse(text), Err(error));
    }

    #[test]
    fn any_text_is_judged_and_no_error_shows_it() {
        // Prefixes of every length, with a character of two bytes behind them.
        let vector = "$2b$10$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i";
        for end in 0..vector.len() {
            let error = parse(&format!("{}é", &vector[..end])).unwrap_err();
            assert!(!error.to_string().contains("If6b") && !format!("{error:?}").contains("If6b"));
        }
    }

    #[test]
    fn a_hash_is_not_shown() {
        assert_eq!(format!("{:?}", parse(VECTORS[0]).unwrap()), "Bcrypt { cost: 6, .. }");
    }
}
