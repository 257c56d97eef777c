//! How a registry says that a client must log in, and where it sends for a token.

use http_auth::{ChallengeRef, parse_challenges};
use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};
use reqwest::{Response, Url};

/// The longest address of a token server, with the name of the service, in bytes.
const MAX_REALM: usize = 2048;
/// The longest challenge that is read, in bytes.
const MAX_CHALLENGE: usize = 8 * 1024;

/// How to log in.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Challenge {
    /// With the password.
    Basic,
    /// With a token.
    Bearer {
        /// The address of the token server.
        realm: String,
        /// What the token is for.
        service: Option<String>,
    },
}

/// The first challenge of an answer that is known.
pub(super) fn challenge(response: &Response) -> Option<Challenge> {
    first(response.headers())
}

fn first(headers: &HeaderMap) -> Option<Challenge> {
    let headers = headers.get_all(WWW_AUTHENTICATE).iter();
    headers.filter_map(|header| header.to_str().ok()).flat_map(parsed).next()
}

/// The challenges in a header; none if it is too long.
pub(super) fn parsed(header: &str) -> Vec<Challenge> {
    if header.len() > MAX_CHALLENGE {
        return Vec::new();
    }
    let known = |challenge: &ChallengeRef<'_>| {
        let parameter = |name: &str| {
            let found = challenge.params.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.to_unescaped())
        };
        if challenge.scheme.eq_ignore_ascii_case("basic") {
            Some(Challenge::Basic)
        } else if challenge.scheme.eq_ignore_ascii_case("bearer") {
            Some(Challenge::Bearer { realm: parameter("realm")?, service: parameter("service") })
        } else {
            None
        }
    };
    parse_challenges(header).unwrap_or_default().iter().filter_map(known).collect()
}

/// Where to request a token for a scope: at the host of the registry itself, or at another one that has a name and TLS.
/// The registry chooses the address, so it learns nothing about hosts that have neither. `is_plain` says which hosts
/// other than its own a registry without TLS may send to without TLS.
///
/// # Errors
/// What is wrong with the address, after "it sends for a token".
pub(super) fn token_url(
    base: &Url,
    realm: &str,
    service: Option<&str>,
    scope: Option<&str>,
    is_plain: impl Fn(&Url) -> bool,
) -> Result<Url, &'static str> {
    if realm.len() + service.map_or(0, str::len) > MAX_REALM {
        return Err("to an address that is too long");
    }
    let mut url = Url::parse(realm).map_err(|_| "to what is no address")?;
    let is_same_host = url.host_str() == base.host_str();
    // Credentials are not sent in the clear, unless the registry itself is contacted without TLS.
    let may_be_plain = base.scheme() == "http" && (is_same_host || is_plain(&url));
    if url.scheme() != "https" && !(url.scheme() == "http" && may_be_plain) {
        return Err("without TLS");
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err("to an address with a login or a fragment");
    }
    if url.domain().is_none() && !is_same_host {
        return Err("to a bare address, which is not followed");
    }
    let parameters = [("service", service), ("scope", scope)];
    let parameters = parameters.into_iter().filter_map(|(name, value)| Some((name, value?)));
    url.query_pairs_mut().extend_pairs(parameters);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("Basic realm=\"x\"", vec![Challenge::Basic])]
    #[case(
        "Bearer realm=\"https://auth.example.com/token\",service=\"r\",scope=\"x\"",
        vec![Challenge::Bearer { realm: "https://auth.example.com/token".to_owned(), service: Some("r".to_owned()) }]
    )]
    #[case("Digest realm=\"x\"", vec![])]
    #[case("\"", vec![])]
    fn a_challenge_says_how_to_log_in(#[case] header: &str, #[case] expected: Vec<Challenge>) {
        assert_eq!(parsed(header), expected);
    }

    #[test]
    fn a_challenge_that_is_too_long_is_none() {
        let realm = "x".repeat(MAX_CHALLENGE);
        assert_eq!(parsed(&format!("Bearer realm=\"{realm}\"")), []);
    }

    #[test]
    fn the_longest_address_is_followed_and_a_longer_one_is_not() {
        let base = Url::parse("https://registry.example.com/v2/");
        let base = base.ok();
        let url = |length: usize| {
            let realm = format!("{:x<length$}", "https://auth.example.com/");
            base.as_ref().map(|base| token_url(base, &realm, None, None, |_| false).is_ok())
        };
        assert_eq!((url(MAX_REALM), url(MAX_REALM + 1)), (Some(true), Some(false)));
    }
}
