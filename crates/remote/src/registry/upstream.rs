//! Asks the upstream of a pull-through cache whether somebody may pull. The administrator chooses it, so it may be at a
//! private address, and behind a proxy. What it answers is judged as with any registry: redirects are not followed, and
//! credentials go only where they may go. No error holds any part of them, or of a token.

mod answer;

use std::sync::Arc;
use std::time::Duration;

use policy::registries::is_repository_name;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, NoProxy, Proxy, RequestBuilder, Response, StatusCode, Url};
use zeroize::Zeroizing;

use super::challenge::{self, Challenge};
use super::docker_hub;
use super::site::is_same_site;
use crate::guard::{self, Loopback, Resolver};
use crate::http::trusting;

pub use answer::Answer;

/// The longest answer of a token server, in bytes.
const TOKEN_ANSWER_MAX: usize = 64 * 1024;
/// The longest list of tags that is read, in bytes. One tag is asked for; some registries give all.
const TAGS_MAX: usize = 64 * 1024;

/// A registry that a cache gets images from.
#[derive(Debug)]
pub struct Upstream {
    client: Client,
    /// `https://HOST/v2/`.
    base: Url,
    timeout: Duration,
}

/// The proxies on the way to an upstream.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Proxies {
    /// For addresses without TLS.
    pub http: Option<String>,
    /// For addresses with TLS.
    pub https: Option<String>,
    /// The hosts that are asked directly, as in `NO_PROXY`.
    pub none: Option<String>,
}

/// Why an upstream cannot be asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum UpstreamError {
    /// The address is none.
    #[error("the address must be http:// or https:// and a host")]
    Address,
    /// There are no authorities.
    #[error("the authorities hold no certificate in PEM")]
    Authorities,
    /// A proxy is none.
    #[error("a proxy must be http:// or https:// and a host")]
    Proxy,
    /// There is no client.
    #[error("{0}")]
    Client(&'static str),
}

impl Upstream {
    /// An upstream at `https://HOST[:PORT]`, whose certificate an authority of the system has signed, or one of these in
    /// PEM. Each question is answered within `timeout`.
    ///
    /// # Errors
    /// What of it cannot be used.
    pub fn new(
        address: &str,
        authorities: Option<&str>,
        proxies: &Proxies,
        timeout: Duration,
    ) -> Result<Self, UpstreamError> {
        let mut builder = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            // A connection that its upstream has closed meanwhile would look like an upstream that is away.
            .pool_max_idle_per_host(0)
            .connect_timeout(guard::CONNECT)
            // Clouds give secrets to machines at addresses that no registry has.
            .dns_resolver(Arc::new(Resolver(Loopback::Allowed)))
            .user_agent(concat!("serverless/", env!("CARGO_PKG_VERSION")));
        if let Some(pem) = authorities {
            let authorities =
                Certificate::from_pem_bundle(pem.as_bytes()).map_err(|_| UpstreamError::Authorities)?;
            if authorities.is_empty() {
                return Err(UpstreamError::Authorities);
            }
            builder = authorities.into_iter().fold(builder, reqwest::ClientBuilder::add_root_certificate);
        }
        for proxy in proxies.list()? {
            builder = builder.proxy(proxy);
        }
        let client = trusting(builder).map_err(UpstreamError::Client)?;
        Ok(Self { client, base: base(address)?, timeout })
    }

    /// Host and port of an upstream, however its address is written; `None` if it is none.
    #[must_use]
    pub fn host(address: &str) -> Option<String> {
        let base = base(address).ok()?;
        Some(format!("{}:{}", base.host_str()?, base.port_or_known_default()?))
    }

    /// Whether somebody may pull from a repository, or log in if there is none. Nobody is `None`.
    pub async fn ask(&self, repository: Option<&str>, login: Option<(&str, &str)>) -> Answer {
        self.in_time(self.converse(repository, login)).await
    }

    /// Whether it answers at all: one request without credentials. Who may do what does not matter.
    ///
    /// # Errors
    /// Why it is of no use now.
    pub async fn reach(&self) -> Result<(), Answer> {
        match self.in_time(async { self.get(&self.base).await.map(|answer| judged(&answer)) }).await {
            Answer::Accepted | Answer::Refused { .. } | Answer::NotFound => Ok(()),
            answer => Err(answer),
        }
    }

    async fn in_time(&self, asked: impl Future<Output = Result<Answer, Answer>>) -> Answer {
        let late = || Answer::Unreachable(format!("no answer within {} s", self.timeout.as_secs()));
        let asked = tokio::time::timeout(self.timeout, asked).await;
        asked.unwrap_or_else(|_| Err(late())).unwrap_or_else(|answer| answer)
    }

    /// The answer, early if it cannot be another one.
    async fn converse(
        &self,
        repository: Option<&str>,
        login: Option<(&str, &str)>,
    ) -> Result<Answer, Answer> {
        let url = self.place(repository)?;
        let first = self.get(&url).await?;
        if first.status() != StatusCode::UNAUTHORIZED {
            let answer = pulled(first, repository).await;
            return match (answer, repository, login) {
                // A registry that lets everybody in may still know wrong logins.
                (Answer::Accepted, None, Some((user, password))) => {
                    let status = send(self.client.get(url).basic_auth(user, Some(password))).await?;
                    Ok(judged_login(&status))
                }
                (Answer::Accepted, Some(_), Some(_)) => Ok(Answer::Public),
                (answer, _, _) => Ok(answer),
            };
        }
        let how = challenge::challenge(&first)
            .ok_or_else(|| Answer::NoRegistry("it does not say how to log in".to_owned()))?;
        drop(first);
        let request = self.client.get(url);
        let request = match (how, login) {
            (Challenge::Basic, None) => return Err(Answer::refused(StatusCode::UNAUTHORIZED, false)),
            (Challenge::Basic, Some((user, password))) => {
                let answer = send(request.basic_auth(user, Some(password))).await?;
                return Ok(if answer.status() == StatusCode::UNAUTHORIZED {
                    judged_login(&answer)
                } else {
                    pulled(answer, repository).await
                });
            }
            (Challenge::Bearer { realm, service }, login) => {
                let scope = repository.map(|repository| format!("repository:{repository}:pull"));
                // Of a registry without TLS, only its own host gets credentials without TLS.
                let url =
                    challenge::token_url(&self.base, &realm, service.as_deref(), scope.as_deref(), |_| false)
                        .map_err(|what| Answer::NoRegistry(format!("it sends for a token {what}")))?;
                if !is_same_site(&self.base, &url) {
                    return Err(Answer::NoRegistry("it sends for a token to another domain".to_owned()));
                }
                request.bearer_auth(self.token(url, login).await?.as_str())
            }
        };
        Ok(pulled(send(request).await?, repository).await)
    }

    /// A token from the server of tokens.
    async fn token(&self, url: Url, login: Option<(&str, &str)>) -> Result<Zeroizing<String>, Answer> {
        guard::check_url(&url, Loopback::Allowed).map_err(forbidden)?;
        let mut request = self.client.get(url);
        if let Some((user, password)) = login {
            request = request.basic_auth(user, Some(password));
        }
        let mut answer = send(request).await?;
        match judged(&answer) {
            Answer::Accepted => {}
            other => {
                let is_login = login.is_some() && answer.status() == StatusCode::UNAUTHORIZED;
                return Err(other.of_login(is_login));
            }
        }
        let body = read(&mut answer, TOKEN_ANSWER_MAX, "the answer with its token").await?;
        answer::token(&body).ok_or_else(|| Answer::NoRegistry("it gives no token".to_owned()))
    }

    /// Where the answer depends on whether somebody may pull from a repository.
    fn place(&self, repository: Option<&str>) -> Result<Url, Answer> {
        let Some(repository) = repository else { return Ok(self.base.clone()) };
        if !is_repository_name(repository) {
            return Err(Answer::NotFound);
        }
        self.base.join(&format!("{repository}/tags/list?n=1")).map_err(|_| Answer::NotFound)
    }

    async fn get(&self, url: &Url) -> Result<Response, Answer> {
        guard::check_url(url, Loopback::Allowed).map_err(forbidden)?;
        send(self.client.get(url.clone())).await
    }
}

impl Proxies {
    fn list(&self) -> Result<Vec<Proxy>, UpstreamError> {
        let not_for = self.none.as_deref().and_then(NoProxy::from_string);
        let proxy = |address: &Option<String>, kind: fn(Url) -> reqwest::Result<Proxy>| {
            let Some(address) = address else { return Ok(None) };
            let proxy = kind(web_address(address).ok_or(UpstreamError::Proxy)?);
            proxy.map(|proxy| Some(proxy.no_proxy(not_for.clone()))).map_err(|_| UpstreamError::Proxy)
        };
        let proxies = [proxy(&self.http, Proxy::http)?, proxy(&self.https, Proxy::https)?];
        Ok(proxies.into_iter().flatten().collect())
    }
}

fn web_address(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// `https://HOST/v2/`.
fn base(address: &str) -> Result<Url, UpstreamError> {
    let mut url = web_address(address).ok_or(UpstreamError::Address)?;
    let is_bare = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
        && url.path() == "/";
    let answering = url.host_str().map(docker_hub::answering).map(str::to_owned);
    url.set_host(answering.as_deref()).map_err(|_| UpstreamError::Address)?;
    url.set_path("/v2/");
    is_bare.then_some(url).ok_or(UpstreamError::Address)
}

async fn send(request: RequestBuilder) -> Result<Response, Answer> {
    request.send().await.map_err(|error| {
        if guard::is_refusal(&error) {
            return forbidden(guard::Forbidden);
        }
        Answer::Unreachable(answer::failure(&error).to_owned())
    })
}

fn forbidden(forbidden: guard::Forbidden) -> Answer {
    Answer::NoRegistry(forbidden.to_string())
}

/// What an answer to a question for a repository means. Not everything that answers 200 is a registry.
async fn pulled(mut response: Response, repository: Option<&str>) -> Answer {
    match (judged(&response), repository) {
        (Answer::Accepted, Some(repository)) => match read(&mut response, TAGS_MAX, "its list of tags").await
        {
            Ok(body) if answer::is_list_of_tags(&body, repository) => Answer::Accepted,
            Ok(_) => Answer::NoRegistry("it answers 200 without a list of tags".to_owned()),
            Err(answer) => answer,
        },
        (answer, _) => answer,
    }
}

/// The body of an answer, if it has at most so many bytes.
async fn read(answer: &mut Response, limit: usize, what: &str) -> Result<Zeroizing<Vec<u8>>, Answer> {
    let mut body = Zeroizing::new(Vec::with_capacity(limit));
    let broken = |_| Answer::Unreachable(format!("{what} is broken"));
    while let Some(chunk) = answer.chunk().await.map_err(broken)? {
        if body.len() + chunk.len() > limit {
            return Err(Answer::NoRegistry(format!("{what} is too long")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn judged(response: &Response) -> Answer {
    Answer::of(response.status(), response.headers())
}

/// What an answer to a login means. There is nothing but the login that could be wrong.
fn judged_login(response: &Response) -> Answer {
    judged(response).of_login(response.status() == StatusCode::UNAUTHORIZED)
}

#[cfg(test)]
mod tests;
