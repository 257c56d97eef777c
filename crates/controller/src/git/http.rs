//! The Git protocol over HTTP.

use std::error::Error as _;
use std::sync::LazyLock;

use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};

use super::refs::{Conversation, Turn};
use super::{Credentials, GitError, Said};
use crate::authorities::trusting;

/// How often a server may send elsewhere.
const MAX_REDIRECTS: usize = 5;

/// One for all, as it keeps connections.
static CLIENT: LazyLock<Result<Client, &str>> = LazyLock::new(|| {
    let policy = Policy::custom(|attempt| {
        let Some(from) = attempt.previous().last() else { return attempt.stop() };
        let to = attempt.url();
        let is_near =
            from.host_str() == to.host_str() && (from.scheme() == to.scheme() || to.scheme() == "https");
        if attempt.previous().len() > MAX_REDIRECTS {
            attempt.error("it sends elsewhere too often")
        } else if is_near {
            attempt.follow()
        } else {
            // Credentials are for one host.
            attempt.error("it sends to another host")
        }
    });
    let agent = concat!("git/2.0 (serverless-controller ", env!("CARGO_PKG_VERSION"), ")");
    trusting(Client::builder().redirect(policy).user_agent(agent))
});

pub(super) async fn ask(
    url: &str,
    credentials: &Credentials,
    mut conversation: Conversation,
) -> Result<Said, GitError> {
    let client = CLIENT.as_ref().map_err(|&why| GitError::Unreachable(why.to_owned()))?;
    let base = url.trim_end_matches('/');
    let request = client.get(format!("{base}/info/refs?service=git-upload-pack"));
    let response = send(request, credentials).await?;
    let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if kind != "application/x-git-upload-pack-advertisement" {
        return Err(GitError::Protocol("it is of another media type".to_owned()));
    }
    let base = moved(response.url(), base);
    if let Some(question) = take_in(response, &mut conversation).await? {
        let request = client
            .post(format!("{base}/git-upload-pack"))
            .header(CONTENT_TYPE, "application/x-git-upload-pack-request")
            .header(ACCEPT, "application/x-git-upload-pack-result")
            .body(question);
        take_in(send(request, credentials).await?, &mut conversation).await?;
    }
    Ok(Said { references: conversation.end()?, new_host_key: None })
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
        status => Err(GitError::Unreachable(status.to_string())),
    }
}

/// Takes in a body as it comes. What is to be said then, if anything.
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

/// Where the repository is, after the server has sent elsewhere.
fn moved(url: &Url, base: &str) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.as_str().strip_suffix("/info/refs").unwrap_or(base).to_owned()
}

/// The innermost cause says most, and none of them holds an address.
fn unreachable(error: &reqwest::Error) -> GitError {
    let mut cause = error.source();
    while let Some(inner) = cause.and_then(std::error::Error::source) {
        cause = Some(inner);
    }
    GitError::Unreachable(cause.map_or_else(|| "it sends no answer".to_owned(), ToString::to_string))
}
