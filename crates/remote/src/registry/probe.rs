//! Verifies credentials at a registry. Of its answers, only status codes and the challenge are read, and redirects are
//! not followed: the author of the Secret chooses the address, and must learn little about the network by it.

use std::sync::{Arc, LazyLock};

use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, ClientBuilder, RequestBuilder, Response, StatusCode, Url};

use super::account::Account;
use super::challenge::{self, Challenge};
use super::config::RegistryConfig;
use crate::guard::{self, Loopback, Resolver};
use crate::http::trusting;

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
    let (url, is_plain) = match challenge::challenge(&response) {
        Some(Challenge::Basic) => (base, account.is_plain),
        Some(Challenge::Bearer { realm, service }) => {
            let url = token_url(&base, &realm, service.as_deref(), account, config)?;
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
    for challenge in challenge::parsed(header) {
        if let Challenge::Bearer { realm, service } = challenge {
            let _ = token_url(&base, &realm, service.as_deref(), &account, &RegistryConfig::default());
        }
    }
}

/// Where to request a token for push access.
fn token_url(
    base: &Url,
    realm: &str,
    service: Option<&str>,
    account: &Account,
    config: &RegistryConfig,
) -> Result<Url, Verdict> {
    let scope = format!("repository:{}:pull,push", account.repository);
    challenge::token_url(base, realm, service, Some(&scope), |url| is_plain(url, config))
        .map_err(|what| Verdict::NoRegistry(format!("it sends for a token {what}")))
}

#[cfg(test)]
mod tests;
