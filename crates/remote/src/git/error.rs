//! Why a remote gives no answer.

use std::time::Duration;

use policy::git_url;
use policy::text::on_one_line;

use crate::guard;

/// Why a remote gives no answer. No text holds any part of a credential.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum GitError {
    /// The Secret is missing, lacks something, or is for something else.
    #[error("{0}")]
    Secret(String),
    /// The credentials are refused.
    #[error("the server refuses the credentials{0}")]
    Refused(String),
    /// The host is not the one that is known.
    #[error("{0}")]
    HostKey(String),
    /// There is no such repository.
    #[error("the server has no such repository, or these credentials may not read it{0}")]
    NoRepository(String),
    /// The address is none.
    #[error("spec.url of the GitRepository {0}")]
    Address(git_url::GitUrlError),
    /// The address is of a machine that is not asked.
    #[error("the controller never asks this address")]
    Forbidden,
    /// The server sends elsewhere.
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
    /// The server says too much.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// The server does not speak as a Git server does.
    #[error("the answer is not from a Git server: {0}")]
    Protocol(String),
    /// The controller has a fault.
    #[error("the controller failed on the look-up; its log says where")]
    Panic,
}

impl GitError {
    /// A connection could not be made, or broke.
    pub(super) fn of_connection(error: &std::io::Error) -> Self {
        if guard::is_refusal(error) { Self::Forbidden } else { Self::Unreachable(error.to_string()) }
    }

    /// Whether other credentials are the remedy.
    #[must_use]
    pub fn is_of_credentials(&self) -> bool {
        matches!(self, Self::Secret(_) | Self::Refused(_))
    }

    /// The word for metrics.
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

/// A text of a server, cut and without control characters, as the end of a sentence.
pub(super) fn words(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let text = on_one_line(text.chars(), 200);
    let text = text.trim();
    if text.is_empty() { String::new() } else { format!(": {text}") }
}
