//! Who holds a token, as its name (`jti`) says it: with which login it was given, and for which images. The gateway reads it
//! without a look at the signature: the registry behind it verifies the same token, and refuses one that is made up.

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::generations::Digest;

/// Behind the login in the name of a token that is for known images alone.
const LIMITED: &str = "known-images";
/// The longest token that is read, in bytes.
const TOKEN_MAX: usize = 16 * 1024;

/// Who holds a token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Holder {
    /// The login.
    pub(super) login: Digest,
    /// Whether the token is for images that the login has pulled before.
    pub(super) is_limited: bool,
}

/// A token cannot be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Unreadable;

#[derive(Deserialize)]
struct Claims {
    jti: String,
}

impl Holder {
    /// The name of a token that it holds, with a part that no other token has.
    pub(super) fn name(&self, unique: &str) -> String {
        let login = URL_SAFE_NO_PAD.encode(self.login);
        let limited = if self.is_limited { LIMITED } else { "" };
        format!("{unique}.{login}.{limited}")
    }

    /// Who sends a request; nobody without a token.
    ///
    /// # Errors
    /// Somebody whose token cannot be read, although the registry might read it.
    pub(super) fn of(headers: &HeaderMap) -> Result<Option<Self>, Unreadable> {
        let Some(header) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
        let header = header.to_str().map_err(|_| Unreadable)?;
        if header.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic ")) {
            return Ok(None);
        }
        Self::read(header).map(Some).ok_or(Unreadable)
    }

    fn read(header: &str) -> Option<Self> {
        let (scheme, token) = header.split_once(' ').filter(|_| header.len() <= TOKEN_MAX)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let claims = URL_SAFE_NO_PAD.decode(token.trim().split('.').nth(1)?).ok()?;
        let Claims { jti } = serde_json::from_slice(&claims).ok()?;
        let mut parts = jti.split('.').skip(1);
        let login = URL_SAFE_NO_PAD.decode(parts.next()?).ok()?.try_into().ok()?;
        Some(Self { login, is_limited: parts.next()? == LIMITED })
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use serde_json::json;

    use super::*;

    fn of(authorization: &str) -> Result<Option<Holder>, Unreadable> {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, HeaderValue::try_from(authorization).unwrap());
        Holder::of(&headers)
    }

    #[test]
    fn a_token_says_who_holds_it() {
        for is_limited in [true, false] {
            let holder = Holder { login: [7; 32], is_limited };
            let claims = json!({"iss": "a", "jti": holder.name("unique")}).to_string();
            let token = format!("e30.{}.signature", URL_SAFE_NO_PAD.encode(claims));
            assert_eq!(of(&format!("Bearer {token}")), Ok(Some(holder)));
            assert_eq!(of(&format!("Basic {token}")), Ok(None));
        }
        let other = URL_SAFE_NO_PAD.encode(json!({"jti": "unique"}).to_string());
        for header in ["Bearer", "Bearer a.b.c", "Bearer a", &format!("Bearer a.{other}.c")] {
            assert_eq!(of(header), Err(Unreadable), "{header}");
        }
        assert_eq!(Holder::of(&HeaderMap::new()), Ok(None));
    }

    /// Registries read these.
    #[test]
    fn a_token_that_others_read_is_not_passed_on_as_nobodys() {
        let holder = Holder { login: [7; 32], is_limited: true };
        let claims = |more: &str| json!({"jti": holder.name("unique"), "more": more}).to_string();
        let encoded = |more: &str| URL_SAFE_NO_PAD.encode(claims(more));
        let long = encoded(&"x".repeat(TOKEN_MAX));
        assert_eq!(of(&format!("Bearer a.{long}.c")), Err(Unreadable));
        // The last character has bits that belong to no byte.
        let odd = (0..3).map(|length| encoded(&"x".repeat(length)));
        let mut odd: Vec<_> = odd.filter(|text| text.len() % 4 == 2).collect();
        let odd = odd.pop().unwrap();
        assert!(of(&format!("Bearer a.{odd}.c")).is_ok());
        let (rest, last) = odd.split_at(odd.len() - 1);
        let other = char::from(last.as_bytes()[0] + 1);
        assert_eq!(of(&format!("Bearer a.{rest}{other}.c")), Err(Unreadable));
    }
}
