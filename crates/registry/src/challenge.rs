//! Where a client is sent for a token. A registry names its own hostname. A client that has reached it by an address, as nodes
//! do, may not be able to resolve that: it is sent to the same address.

use std::net::{Ipv4Addr, Ipv6Addr};

use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Request, header};

/// What comes before the place of tokens in a challenge.
const REALM: &str = "Bearer realm=\"https://";

/// The address and the port that a request names as its host, if it names an address.
pub(crate) fn address<B>(request: &Request<B>) -> Option<String> {
    let host = request.headers().get(header::HOST)?.to_str().ok()?;
    let authority = host.parse::<Authority>().ok().filter(|authority| authority.as_str() == host)?;
    let name = authority.host();
    let of_six = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    let is_address = match of_six {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => name.parse::<Ipv4Addr>().is_ok(),
    };
    // Without a user.
    (is_address && host.starts_with(name)).then(|| host.to_owned())
}

/// Sends a client to an address for its token, in place of the hostname of the registry.
pub(crate) fn refer_to(address: &str, headers: &mut HeaderMap) {
    let Some(challenge) = headers.get(header::WWW_AUTHENTICATE).and_then(|value| value.to_str().ok()) else {
        return;
    };
    let Some((_, path)) = challenge.strip_prefix(REALM).and_then(|rest| rest.split_once('/')) else { return };
    // Both parts come from headers, so this is a value of one.
    if let Ok(referred) = HeaderValue::try_from(format!("{REALM}{address}/{path}")) {
        headers.insert(header::WWW_AUTHENTICATE, referred);
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const CHALLENGE: &str = "Bearer realm=\"https://registry.test/auth/token\",service=\"registry.test\",scope=\"repository:a/b:pull\"";

    #[rstest]
    #[case::address("10.96.0.17", "https://10.96.0.17/auth/token")]
    #[case::with_a_port("10.96.0.17:8443", "https://10.96.0.17:8443/auth/token")]
    #[case::address_of_six("[fd00::11]:443", "https://[fd00::11]:443/auth/token")]
    #[case::name("registry.test", "https://registry.test/auth/token")]
    #[case::other_name("evil.test", "https://registry.test/auth/token")]
    #[case::user("user@10.96.0.17", "https://registry.test/auth/token")]
    #[case::more("10.96.0.17/x", "https://registry.test/auth/token")]
    #[case::quote("10.96.0.17\"", "https://registry.test/auth/token")]
    fn who_comes_by_an_address_gets_its_token_there(#[case] host: &str, #[case] realm: &str) {
        let request = Request::get("/v2/").header(header::HOST, host).body(()).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE));
        if let Some(address) = address(&request) {
            refer_to(&address, &mut headers);
        }
        let expected = CHALLENGE.replace("https://registry.test/auth/token", realm);
        assert_eq!(headers.get(header::WWW_AUTHENTICATE).unwrap(), expected.as_str());
    }

    #[test]
    fn what_is_no_challenge_of_tokens_stays() {
        let mut headers = HeaderMap::new();
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"a\""));
        refer_to("10.96.0.17", &mut headers);
        assert_eq!(headers.get(header::WWW_AUTHENTICATE).unwrap(), "Basic realm=\"a\"");
    }
}
