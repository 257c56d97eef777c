//! One look at a registry: whether it takes credentials. Nothing that it says is read but status codes and the challenge, and
//! nobody is followed anywhere: who writes the Secret chooses the address, and is to learn little of the network by it.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use http_auth::{ChallengeRef, parse_challenges};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::WWW_AUTHENTICATE;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};

use super::account::Account;
use crate::authorities::trusting;

/// What a registry makes of credentials.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// It takes them.
    Accepted,
    /// It does not.
    Refused(String),
    /// It cannot be asked, for now.
    Unreachable(String),
    /// It is no registry, or none that is asked.
    NoRegistry(String),
}

impl Verdict {
    /// The word for metrics and annotations.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused(_) => "refused",
            Self::Unreachable(_) => "unreachable",
            Self::NoRegistry(_) => "no registry",
        }
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.word())?;
        match self {
            Self::Accepted => Ok(()),
            Self::Refused(why) | Self::Unreachable(why) | Self::NoRegistry(why) => {
                write!(formatter, ": {why}")
            }
        }
    }
}

/// One for all.
static CLIENT: LazyLock<Result<Client, &str>> = LazyLock::new(|| {
    let agent = concat!("serverless-controller/", env!("CARGO_PKG_VERSION"));
    let resolver = Arc::new(WithoutLinkLocal);
    let client = Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .pool_max_idle_per_host(0)
        .dns_resolver(resolver)
        .user_agent(agent);
    trusting(client)
});

/// Asks a registry, for so long.
pub async fn probe(account: &Account, timeout: Duration) -> Verdict {
    let asked = tokio::time::timeout(timeout, ask(account)).await;
    asked
        .unwrap_or_else(|_| Err(Verdict::Unreachable(format!("no answer within {} s", timeout.as_secs()))))
        .map_or_else(|verdict| verdict, |()| Verdict::Accepted)
}

async fn ask(account: &Account) -> Result<(), Verdict> {
    let client = CLIENT.as_ref().map_err(|&why| Verdict::Unreachable(why.to_owned()))?;
    let base = Url::parse(&account.url)
        .map_err(|_| Verdict::NoRegistry("registryAddress does not begin with a host".to_owned()))?;
    check_host(&base)?;
    let response = send(client.get(base.clone())).await?;
    match response.status() {
        StatusCode::OK => return Ok(()),
        StatusCode::UNAUTHORIZED => {}
        status => return Err(other(status)),
    }
    let request = match challenge(&response) {
        Some(Challenge::Basic) => client.get(base),
        Some(Challenge::Bearer { realm, service }) => client.get(token_url(&base, &realm, service, account)?),
        None => return Err(Verdict::NoRegistry("it does not say how to log in".to_owned())),
    };
    let status = send(request.basic_auth(&account.username, Some(account.password.as_str()))).await?.status();
    match status {
        StatusCode::OK => Ok(()),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            Err(Verdict::Refused(format!("it answers {status}")))
        }
        status => Err(other(status)),
    }
}

async fn send(request: RequestBuilder) -> Result<Response, Verdict> {
    request.send().await.map_err(|error| {
        let why =
            if error.is_connect() { "it cannot be connected to" } else { "it does not answer as HTTP does" };
        Verdict::Unreachable(why.to_owned())
    })
}

fn other(status: StatusCode) -> Verdict {
    if status.is_redirection() {
        Verdict::NoRegistry(format!("it answers {status}, and sends elsewhere, which is not followed"))
    } else if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        Verdict::Unreachable(format!("it answers {status}"))
    } else {
        Verdict::NoRegistry(format!("it answers {status}"))
    }
}

#[derive(Debug, Eq, PartialEq)]
enum Challenge {
    Basic,
    Bearer { realm: String, service: Option<String> },
}

fn challenge(response: &Response) -> Option<Challenge> {
    let headers = response.headers().get_all(WWW_AUTHENTICATE).iter();
    headers.filter_map(|header| header.to_str().ok()).flat_map(parsed).next()
}

fn parsed(header: &str) -> Vec<Challenge> {
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

/// Where a token is asked for, with leave to push.
fn token_url(base: &Url, realm: &str, service: Option<String>, account: &Account) -> Result<Url, Verdict> {
    let problem = |what: &str| Verdict::NoRegistry(format!("it sends for a token {what}"));
    let mut url = Url::parse(realm).map_err(|_| problem("to what is no address"))?;
    // Credentials are not sent in the open, unless the registry itself is.
    if url.scheme() != "https" && (url.scheme() != "http" || base.scheme() != "http") {
        return Err(problem("without TLS"));
    }
    let is_address = url.host_str().is_some_and(|host| ip(host).is_some());
    if is_address && url.host_str() != base.host_str() {
        return Err(problem("to a bare address, which is not followed"));
    }
    check_host(&url)?;
    let scope = format!("repository:{}:pull,push", account.repository);
    url.query_pairs_mut()
        .extend_pairs(service.map(|service| ("service", service)))
        .append_pair("scope", &scope);
    Ok(url)
}

fn ip(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

fn check_host(url: &Url) -> Result<(), Verdict> {
    match url.host_str().and_then(ip) {
        Some(address) if !is_asked(address) => {
            Err(Verdict::NoRegistry("this address is not asked".to_owned()))
        }
        _ => Ok(()),
    }
}

/// Addresses of machines that tell their own secrets to whoever asks are not.
fn is_asked(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            !(address.is_link_local()
                || address.is_unspecified()
                || address.is_multicast()
                || address.is_broadcast())
        }
        IpAddr::V6(address) => {
            !(address.is_unicast_link_local() || address.is_unspecified() || address.is_multicast())
        }
    }
}

struct WithoutLinkLocal;

impl Resolve for WithoutLinkLocal {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let asked = found.into_iter().filter(|address| is_asked(address.ip()));
            Ok(Box::new(asked.collect::<Vec<_>>().into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

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

    #[rstest]
    #[case(
        "https://auth.example.com/token?a=b",
        Ok("https://auth.example.com/token?a=b&service=s&scope=repository%3Ar%3Apull%2Cpush")
    )]
    #[case("http://auth.example.com/token", Err("no registry: it sends for a token without TLS"))]
    #[case("file:///etc/passwd", Err("no registry: it sends for a token without TLS"))]
    #[case("token", Err("no registry: it sends for a token to what is no address"))]
    #[case(
        "https://10.0.0.1/token",
        Err("no registry: it sends for a token to a bare address, which is not followed")
    )]
    #[case(
        "https://[fe80::1]/token",
        Err("no registry: it sends for a token to a bare address, which is not followed")
    )]
    fn a_token_is_asked_for_where_credentials_may_go(
        #[case] realm: &str,
        #[case] expected: Result<&str, &str>,
    ) {
        let account = Account {
            url: String::new(),
            repository: "r".to_owned(),
            username: "u".to_owned(),
            password: zeroize::Zeroizing::new("p".to_owned()),
        };
        let base = Url::parse("https://registry.example.com/v2/").unwrap();
        let url = token_url(&base, realm, Some("s".to_owned()), &account);
        let told = url.map(|url| url.to_string()).map_err(|verdict| verdict.to_string());
        assert_eq!(told, expected.map(str::to_owned).map_err(str::to_owned));
    }

    #[rstest]
    #[case("169.254.169.254", false)]
    #[case("::ffff:169.254.169.254", false)]
    #[case("fe80::1", false)]
    #[case("0.0.0.0", false)]
    #[case("127.0.0.1", true)]
    #[case("10.0.0.1", true)]
    fn addresses_that_tell_secrets_are_not_asked(#[case] address: &str, #[case] expected: bool) {
        assert_eq!(is_asked(address.parse().unwrap()), expected);
    }
}
