//! Verifies credentials at a registry. Of its answers, only status codes and the challenge are read, and redirects are
//! not followed: the author of the Secret chooses the address, and must learn little about the network by it.

use std::sync::{Arc, LazyLock};

use http_auth::{ChallengeRef, parse_challenges};
use reqwest::header::WWW_AUTHENTICATE;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, ClientBuilder, RequestBuilder, Response, StatusCode, Url};

use super::account::Account;
use super::config::RegistryConfig;
use crate::guard::{self, Loopback, Resolver};
use crate::http::trusting;

/// The longest address of a token server, with the name of the service, in bytes.
const MAX_REALM: usize = 2048;
/// The longest challenge that is read, in bytes.
const MAX_CHALLENGE: usize = 8 * 1024;

/// The result of verifying credentials.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// The registry accepts them.
    Accepted,
    /// The registry refuses them.
    Refused(String),
    /// The registry cannot be reached, for now.
    Unreachable(String),
    /// It is not a registry, or not one that may be contacted.
    NoRegistry(String),
}

impl Verdict {
    /// The value for metrics and annotations.
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

/// The client for all other registries.
static CLIENT: LazyLock<Result<Client, &str>> = LazyLock::new(|| client(Loopback::Refused, &[]));
/// The client for registries that the configuration lists.
static NAMED: LazyLock<Result<Client, &str>> = LazyLock::new(|| client(Loopback::Allowed, &[]));

/// A client that trusts these authorities, too.
fn client(loopback: Loopback, authorities: &[Certificate]) -> Result<Client, &'static str> {
    let agent = concat!("serverless-controller/", env!("CARGO_PKG_VERSION"));
    let client = Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .pool_max_idle_per_host(0)
        .connect_timeout(guard::CONNECT)
        .dns_resolver(Arc::new(Resolver(loopback)))
        .user_agent(agent);
    trusting(authorities.iter().cloned().fold(client, ClientBuilder::add_root_certificate))
}

/// Verifies an account at its registry.
pub async fn probe(account: &Account, config: &RegistryConfig) -> Verdict {
    let timeout = config.timeout;
    let asked = tokio::time::timeout(timeout, ask(account, config)).await;
    asked
        .unwrap_or_else(|_| Err(Verdict::Unreachable(format!("no answer within {} s", timeout.as_secs()))))
        .map_or_else(|verdict| verdict, |()| Verdict::Accepted)
}

async fn ask(account: &Account, config: &RegistryConfig) -> Result<(), Verdict> {
    let base = Url::parse(&account.url)
        .map_err(|_| Verdict::NoRegistry("registryAddress does not begin with a host".to_owned()))?;
    let own = own_client(account)?;
    let response = send(get(&base, account.is_plain, own.as_ref())?, account.is_plain).await?;
    match response.status() {
        StatusCode::OK => return Ok(()),
        StatusCode::UNAUTHORIZED => {}
        status => return Err(other(status)),
    }
    let (url, is_plain) = match challenge(&response) {
        Some(Challenge::Basic) => (base, account.is_plain),
        Some(Challenge::Bearer { realm, service }) => {
            let url = token_url(&base, &realm, service, account, config)?;
            let is_plain = is_plain(&url, config);
            (url, is_plain)
        }
        None => return Err(Verdict::NoRegistry("it does not say how to log in".to_owned())),
    };
    let request =
        get(&url, is_plain, own.as_ref())?.basic_auth(&account.username, Some(account.password.as_str()));
    let status = send(request, is_plain).await?.status();
    match status {
        StatusCode::OK => Ok(()),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            Err(Verdict::Refused(format!("it answers {status}")))
        }
        status => Err(other(status)),
    }
}

/// The client for a registry whose Secret holds its authorities.
fn own_client(account: &Account) -> Result<Option<Client>, Verdict> {
    let Some(authorities) = account.authorities.as_ref().filter(|_| !account.is_plain) else {
        return Ok(None);
    };
    let invalid = || Verdict::NoRegistry("ca.crt holds no certificate in PEM".to_owned());
    let authorities = Certificate::from_pem_bundle(authorities.as_bytes()).map_err(|_| invalid())?;
    let client = client(Loopback::Refused, &authorities).map_err(|_| invalid())?;
    Ok(Some(client))
}

fn get(url: &Url, is_plain: bool, own: Option<&Client>) -> Result<RequestBuilder, Verdict> {
    let (client, loopback) =
        if is_plain { (&NAMED, Loopback::Allowed) } else { (&CLIENT, Loopback::Refused) };
    guard::check_url(url, loopback).map_err(|why| Verdict::NoRegistry(why.to_string()))?;
    if let Some(own) = own.filter(|_| !is_plain) {
        return Ok(own.get(url.clone()));
    }
    let client = client.as_ref().map_err(|&why| Verdict::Unreachable(why.to_owned()))?;
    Ok(client.get(url.clone()))
}

fn is_plain(url: &Url, config: &RegistryConfig) -> bool {
    config.is_plain(url.host_str().unwrap_or_default(), url.port_or_known_default())
}

async fn send(request: RequestBuilder, is_plain: bool) -> Result<Response, Verdict> {
    request.send().await.map_err(|error| {
        if guard::is_refusal(&error) {
            return Verdict::NoRegistry(guard::Forbidden.to_string());
        }
        let why = match (error.is_connect(), is_plain) {
            (true, true) => "no connection",
            (true, false) => {
                "no TLS connection; list a registry without TLS in registryCheck.plainHttp of the controller's configuration"
            }
            (false, _) => "its answer is not HTTP",
        };
        Verdict::Unreachable(why.to_owned())
    })
}

fn other(status: StatusCode) -> Verdict {
    if status.is_redirection() {
        Verdict::NoRegistry(format!("it answers {status}: a redirect, which the controller does not follow"))
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

/// The challenges in a header; none if it is too long.
fn parsed(header: &str) -> Vec<Challenge> {
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

/// For [`crate::fuzzing`].
pub(crate) fn fuzz_challenge(header: &str) {
    let account = Account {
        url: String::new(),
        is_plain: false,
        repository: "r".to_owned(),
        username: String::new(),
        password: zeroize::Zeroizing::default(),
        authorities: None,
    };
    let Ok(base) = Url::parse("https://registry.example.com/v2/") else { return };
    for challenge in parsed(header) {
        if let Challenge::Bearer { realm, service } = challenge {
            let _ = token_url(&base, &realm, service, &account, &RegistryConfig::default());
        }
    }
}

/// Where to request a token for push access: at the host of the registry itself, or at another one that has a name and
/// TLS. The registry chooses the address, so it learns nothing about hosts that have neither.
fn token_url(
    base: &Url,
    realm: &str,
    service: Option<String>,
    account: &Account,
    config: &RegistryConfig,
) -> Result<Url, Verdict> {
    let problem = |what: &str| Verdict::NoRegistry(format!("it sends for a token {what}"));
    if realm.len() + service.as_ref().map_or(0, String::len) > MAX_REALM {
        return Err(problem("to an address that is too long"));
    }
    let mut url = Url::parse(realm).map_err(|_| problem("to what is no address"))?;
    let is_same_host = url.host_str() == base.host_str();
    // Credentials are not sent in the clear, unless the registry itself is contacted without TLS.
    let may_be_plain = base.scheme() == "http" && (is_same_host || is_plain(&url, config));
    if url.scheme() != "https" && !(url.scheme() == "http" && may_be_plain) {
        return Err(problem("without TLS"));
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(problem("to an address with a login or a fragment"));
    }
    if url.domain().is_none() && !is_same_host {
        return Err(problem("to a bare address, which is not followed"));
    }
    let scope = format!("repository:{}:pull,push", account.repository);
    url.query_pairs_mut()
        .extend_pairs(service.map(|service| ("service", service)))
        .append_pair("scope", &scope);
    Ok(url)
}

#[cfg(test)]
mod tests;
