//! Refresh tokens: what a client gets once for its password, and sends in its place afterwards.
//!
//! One names the account and the hash that the password was right for, with an authentication code. Nothing is stored, and
//! each replica with the key accepts it. It ends with its time, with the account, and with the hash: after a rotation, it is
//! worth no more than the password.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use policy::container_registries::HiddenText;
use policy::image_registry_accounts::bcrypt::Bcrypt;

/// Changes with the form of a token.
const VERSION: u8 = 1;
/// The length of an authentication code, and of what names a hash.
const CODE: usize = 32;
/// What stands before the name of the account: version, end, and hash.
const HEAD: usize = 1 + 8 + CODE;
/// The longest token, in bytes.
const LENGTH_MAX: usize = 1024;
/// The least random bytes of a key.
const KEY_MIN: usize = 32;

/// Issues refresh tokens and reads them.
#[derive(Debug)]
pub struct Refresh {
    key: hmac::Key,
    life: Duration,
}

/// A key is too short.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the key of refresh tokens must have at least 32 bytes")]
pub struct ShortKey;

/// What a token says, once its code is right.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Remembered {
    /// The account.
    pub account: String,
    hash: [u8; CODE],
}

impl Refresh {
    /// Reads a key that all replicas have. Tokens are valid for `life`.
    ///
    /// # Errors
    /// The key is too short.
    pub fn new(key: &[u8], life: Duration) -> Result<Self, ShortKey> {
        if key.len() < KEY_MIN {
            return Err(ShortKey);
        }
        Ok(Self { key: hmac::Key::new(hmac::HMAC_SHA256, key), life })
    }

    /// A token for an account whose password was right for a hash.
    #[must_use]
    pub fn issue(&self, account: &str, hash: &Bcrypt, now: Timestamp) -> HiddenText {
        let life = i64::try_from(self.life.as_secs()).unwrap_or(i64::MAX);
        let mut bytes = vec![VERSION];
        bytes.extend(now.as_second().saturating_add(life).to_be_bytes());
        bytes.extend(named(hash));
        bytes.extend(account.as_bytes());
        let code = hmac::sign(&self.key, &bytes);
        bytes.extend(code.as_ref());
        HiddenText::new(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// What a token says, if it is one of ours and has not ended.
    #[must_use]
    pub fn read(&self, token: &HiddenText, now: Timestamp) -> Option<Remembered> {
        let text = Some(token.reveal()).filter(|text| text.len() <= LENGTH_MAX)?;
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (said, code) = bytes.split_at_checked(bytes.len().checked_sub(CODE)?)?;
        hmac::verify(&self.key, said, code).ok()?;
        let (head, account) = said.split_at_checked(HEAD)?;
        let (version, head) = head.split_first()?;
        let (end, hash) = head.split_first_chunk()?;
        let is_valid = *version == VERSION && now.as_second() < i64::from_be_bytes(*end);
        let account = std::str::from_utf8(account).ok().filter(|_| is_valid)?;
        Some(Remembered { account: account.to_owned(), hash: hash.try_into().ok()? })
    }
}

impl Remembered {
    /// The hash that the token was issued for, if the account still has it.
    #[must_use]
    pub fn hash_of<'a>(&self, hashes: &'a [Bcrypt]) -> Option<&'a Bcrypt> {
        hashes.iter().find(|hash| named(hash) == self.hash)
    }
}

/// What names a hash without saying anything of it.
fn named(hash: &Bcrypt) -> [u8; CODE] {
    // SHA-256 has this length.
    digest(&SHA256, hash.as_str().as_bytes()).as_ref().try_into().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use policy::image_registry_accounts::bcrypt::parse;

    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_795_651_200, 0);
    const HASHES: [&str; 2] = [
        "$2b$10$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i",
        "$2y$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e",
    ];

    fn refresh(key: u8) -> Refresh {
        Refresh::new(&[key; 32], Duration::from_hours(1)).unwrap()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(NOW.as_second() + seconds).unwrap()
    }

    #[test]
    fn a_token_is_read_until_its_end() {
        let [hash, other] = HASHES.map(|hash| parse(hash).unwrap());
        let token = refresh(1).issue("push.team.web.1", &hash, NOW);
        let read = refresh(1).read(&token, at(3599)).unwrap();
        assert_eq!(read.account, "push.team.web.1");
        assert_eq!(read.hash_of(&[other.clone(), hash.clone()]), Some(&hash));
        assert_eq!((read.hash_of(&[other]), read.hash_of(&[])), (None, None));
        assert_eq!(refresh(1).read(&token, at(3600)), None);
        assert_eq!(refresh(2).read(&token, NOW), None);
    }

    #[test]
    fn a_token_that_is_changed_is_none() {
        let token = refresh(1).issue("me", &parse(HASHES[0]).unwrap(), NOW);
        let token = token.reveal();
        for place in 0..token.len() {
            for digit in ["A", "B", "=", "é"] {
                let changed = format!("{}{digit}{}", &token[..place], &token[place + 1..]);
                if changed != token {
                    assert_eq!(refresh(1).read(&HiddenText::new(changed), NOW), None);
                }
            }
            assert_eq!(refresh(1).read(&HiddenText::new(&token[..place]), NOW), None);
        }
        assert_eq!(refresh(1).read(&HiddenText::new("A".repeat(LENGTH_MAX + 1)), NOW), None);
    }

    #[test]
    fn a_key_has_at_least_32_bytes() {
        assert_eq!(Refresh::new(&[1; 31], Duration::from_hours(1)).err(), Some(ShortKey));
    }
}
