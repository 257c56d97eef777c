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

    /// Who sends a request.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let header =
            headers.get(header::AUTHORIZATION)?.to_str().ok().filter(|text| text.len() <= TOKEN_MAX)?;
        let (scheme, token) = header.split_once(' ')?;
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

    fn of(authorization: &str) -> Option<Holder> {
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
            assert_eq!(of(&format!("Bearer {token}")), Some(holder));
            assert_eq!(of(&format!("Basic {token}")), None);
        }
        let other = URL_SAFE_NO_PAD.encode(json!({"jti": "unique"}).to_string());
        for header in ["Bearer", "Bearer a.b.c", "Bearer a", &format!("Bearer a.{other}.c")] {
            assert_eq!(of(header), None, "{header}");
        }
        assert_eq!(Holder::of(&HeaderMap::new()), None);
    }
}
