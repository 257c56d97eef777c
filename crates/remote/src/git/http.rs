//! The Git protocol over HTTP.

use std::error::Error as _;
use std::sync::{Arc, LazyLock};

use policy::git_url::GitUrlError;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};

use super::answer::RemoteAnswer;
use super::config::LOOPBACK;
use super::credentials::Credentials;
use super::error::GitError;
use super::refs::{Conversation, Turn};
use crate::guard::{self, Resolver};
use crate::http::trusting;

/// One client for all, since it keeps connections. It follows no redirect: credentials are for one host, and the build
/// follows none either.
static CLIENT: LazyLock<Result<Client, &str>> = LazyLock::new(|| {
    let agent = concat!("git/2.0 (serverless-controller ", env!("CARGO_PKG_VERSION"), ")");
    let client = Client::builder()
        .redirect(Policy::none())
        .dns_resolver(Arc::new(Resolver(LOOPBACK)))
        .connect_timeout(guard::CONNECT)
        .read_timeout(guard::SILENCE)
        // Enough for one question, which is two requests. Tenants choose the servers, so more are not kept.
        .pool_max_idle_per_host(1)
        .pool_idle_timeout(guard::SILENCE)
        .user_agent(agent);
    trusting(client)
});

pub(super) async fn ask(
    url: &str,
    credentials: &Credentials,
    mut conversation: Conversation,
) -> Result<RemoteAnswer, GitError> {
    let client = CLIENT.as_ref().map_err(|&why| GitError::Unreachable(why.to_owned()))?;
    let mut url = Url::parse(url).map_err(|_| GitError::Address(GitUrlError::Host))?;
    guard::check_url(&url, LOOPBACK).map_err(|_| GitError::Forbidden)?;
    url.set_path(&format!("{}/", url.path().trim_end_matches('/')));
    let below = |path: &str| url.join(path).map_err(|_| GitError::Address(GitUrlError::Path));
    let request = client.get(below("info/refs?service=git-upload-pack")?);
    let response = send(request, credentials).await?;
    let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if kind != "application/x-git-upload-pack-advertisement" {
        return Err(GitError::Protocol("it is of another media type".to_owned()));
    }
    if let Some(question) = take_in(response, &mut conversation).await? {
        let request = client
            .post(below("git-upload-pack")?)
            .header(CONTENT_TYPE, "application/x-git-upload-pack-request")
            .header(ACCEPT, "application/x-git-upload-pack-result")
            .body(question);
        take_in(send(request, credentials).await?, &mut conversation).await?;
    }
    Ok(RemoteAnswer { references: conversation.end()?, new_host_key: None })
}

async fn send(request: RequestBuilder, credentials: &Credentials) -> Result<Response, GitError> {
    let request = request.header("Git-Protocol", "version=2");
    let request = match credentials {
        Credentials::Basic { username, password } => request.basic_auth(username, Some(password.as_str())),
        Credentials::None | Credentials::Key { .. } => request,
    };
    let response = request.send().await.map_err(|error| unreachable(&error))?;
    match response.status() {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            Err(GitError::Refused(format!(": {}", response.status())))
        }
        StatusCode::NOT_FOUND => Err(GitError::NoRepository(format!(": {}", response.status()))),
        status if status.is_success() => Ok(response),
        status if status.is_redirection() => Err(GitError::Redirected(status.to_string())),
        status => Err(GitError::Unreachable(status.to_string())),
    }
}

/// Reads a body in pieces. Returns what to send next, if anything.
async fn take_in(
    mut response: Response,
    conversation: &mut Conversation,
) -> Result<Option<Vec<u8>>, GitError> {
    while let Some(bytes) = response.chunk().await.map_err(|error| unreachable(&error))? {
        match conversation.read(&bytes)? {
            Turn::Read => {}
            Turn::Say(question) => return Ok(Some(question)),
            Turn::Done => break,
        }
    }
    Ok(None)
}

/// The innermost cause is the most specific, and none of them contains an address.
fn unreachable(error: &reqwest::Error) -> GitError {
    if guard::is_refusal(error) {
        return GitError::Forbidden;
    }
    if error.is_timeout() {
        return if error.is_connect() {
            GitError::Unreachable(guard::no_connection())
        } else {
            GitError::Timeout(guard::SILENCE)
        };
    }
    let mut cause = error.source();
    while let Some(inner) = cause.and_then(std::error::Error::source) {
        cause = Some(inner);
    }
    GitError::Unreachable(cause.map_or_else(|| "it sends no answer".to_owned(), ToString::to_string))
}
