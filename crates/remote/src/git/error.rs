//! Why a remote does not answer.

use std::time::Duration;

use policy::git_url;
use policy::text::on_one_line;

use crate::guard;

/// Why a remote does not answer. No text contains any part of a credential.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum GitError {
    /// The Secret is missing, lacks a key, or has another purpose.
    #[error("{0}")]
    Secret(String),
    /// The server refuses the credentials.
    #[error("the server refuses the credentials{0}")]
    Refused(String),
    /// The host key is not the known one.
    #[error("{0}")]
    HostKey(String),
    /// The repository does not exist.
    #[error("the server has no such repository, or these credentials may not read it{0}")]
    NoRepository(String),
    /// The address is invalid.
    #[error("spec.url of the GitRepository {0}")]
    Address(git_url::GitUrlError),
    /// The address belongs to a machine that may not be contacted.
    #[error("the controller never asks this address")]
    Forbidden,
    /// The server redirects.
    #[error(
        "the server answers {0} and redirects, which the controller does not follow: put the final address into spec.url of the GitRepository"
    )]
    Redirected(String),
    /// The server cannot be reached.
    #[error("the server cannot be reached: {0}")]
    Unreachable(String),
    /// The server takes too long.
    #[error("no answer within {} s", .0.as_secs())]
    Timeout(Duration),
    /// The answer is too large.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// The answer is not that of a Git server.
    #[error("the answer is not from a Git server: {0}")]
    Protocol(String),
    /// The controller panicked.
    #[error("the controller failed on the look-up; its log says where")]
    Panic,
}

impl GitError {
    /// A connection could not be opened, or was lost.
    pub(super) fn of_connection(error: &std::io::Error) -> Self {
        if guard::is_refusal(error) { Self::Forbidden } else { Self::Unreachable(error.to_string()) }
    }

    /// Whether other credentials would help.
    #[must_use]
    pub fn is_of_credentials(&self) -> bool {
        matches!(self, Self::Secret(_) | Self::Refused(_))
    }

    /// The label value for metrics.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Secret(_) | Self::Refused(_) => "credentials",
            Self::HostKey(_) => "host_key",
            Self::NoRepository(_) => "no_repository",
            Self::Address(_) | Self::Forbidden => "address",
            Self::Redirected(_) => "redirect",
            Self::Unreachable(_) => "unreachable",
            Self::Timeout(_) => "timeout",
            Self::TooLarge(_) => "too_large",
            Self::Protocol(_) => "protocol",
            Self::Panic => "panic",
        }
    }
}

/// A text from a server as the end of a sentence, cut and without control characters.
pub(super) fn words(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let text = on_one_line(text.chars(), 200);
    let text = text.trim();
    if text.is_empty() { String::new() } else { format!(": {text}") }
}
