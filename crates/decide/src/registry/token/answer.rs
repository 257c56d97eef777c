//! The answer with a token, in the form that every client reads.

use serde::Serialize;
use zeroize::Zeroizing;

use super::grant::Grant;
use jiff::Timestamp;

/// What an answer is long besides its tokens, in bytes.
const SPARE: usize = 256;

#[derive(Serialize)]
struct Answer<'a> {
    /// Docker reads this, containerd the next.
    token: &'a str,
    access_token: &'a str,
    expires_in: u64,
    issued_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
}

/// The body of the answer: the signed token, and the refresh token if the grant has one.
#[must_use]
pub fn answer(grant: &Grant, token: &str, refresh_token: Option<&str>) -> Zeroizing<Vec<u8>> {
    let refresh_token = refresh_token.filter(|_| grant.has_refresh);
    let issued_at = Timestamp::from_second(grant.claims.iat).unwrap_or_default().to_string();
    let answer =
        Answer { token, access_token: token, expires_in: grant.ttl.as_secs(), issued_at, refresh_token };
    let length = token.len() * 2 + refresh_token.map_or(0, str::len) + SPARE;
    let mut body = Zeroizing::new(Vec::with_capacity(length));
    // Texts and numbers: nothing that cannot be written to memory.
    let _ = serde_json::to_writer(&mut *body, &answer);
    body
}
