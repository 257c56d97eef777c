//! Git remotes: which commit a reference is, found out with one question and without a clone.
//!
//! `refs` holds the words of the protocol and is pure, `http`, `ssh` and `daemon` carry them, `lookups` decides when a
//! remote is asked, and for whom.

mod credentials;
mod daemon;
mod host_keys;
mod http;
mod lookups;
mod private_key;
mod refs;
mod ssh;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use policy::git_url::{self, GitUrls, Transport};

pub use credentials::Credentials;
pub(crate) use lookups::Lookups;
pub use refs::Resolution;
pub(crate) use refs::is_commit;

use crate::guard::{self, Loopback};
use refs::Conversation;

/// In its Pod, the controller alone listens, and to nothing of what is asked here.
const LOOPBACK: Loopback = Loopback::Allowed;

/// How remotes are asked.
#[derive(Clone, Debug, PartialEq)]
pub struct GitConfig {
    /// How often a remote is asked for a Function that runs.
    pub poll: Duration,
    /// How long an answer may take.
    pub timeout: Duration,
    /// How many bytes an answer may have.
    pub max_bytes: usize,
    /// How many remotes are asked at once.
    pub concurrency: usize,
    /// Which host keys are trusted where the Secret names none.
    pub host_keys: HostKeys,
    /// How strict addresses are judged, as in the configuration of the webhook.
    pub urls: GitUrls,
    /// Whether a Secret needs its label to be sent to a Git server.
    pub require_credentials_label: bool,
}

impl Default for GitConfig {
    fn default() -> Self {
        Self {
            poll: Duration::from_mins(5),
            timeout: Duration::from_secs(30),
            max_bytes: 16 * 1024 * 1024,
            concurrency: 16,
            host_keys: HostKeys::AcceptNew,
            urls: GitUrls::Strict,
            require_credentials_label: false,
        }
    }
}

/// Which host keys are trusted where the Secret of a repository holds no `known_hosts`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HostKeys {
    /// The one that is met first, which is recorded: another one is refused from then on.
    #[default]
    AcceptNew,
    /// None.
    Strict,
}

impl HostKeys {
    /// The value of ssh's `StrictHostKeyChecking`.
    pub(crate) fn as_ssh_option(self) -> &'static str {
        match self {
            Self::AcceptNew => "accept-new",
            Self::Strict => "yes",
        }
    }
}

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
    #[error("the server knows no such repository, or none that may be read so{0}")]
    NoRepository(String),
    /// The address is none.
    #[error("spec.url of the GitRepository {0}")]
    Address(git_url::GitUrlError),
    /// The address is of a machine that is not asked.
    #[error("the server cannot be reached: this address is not asked")]
    Forbidden,
    /// The server sends elsewhere.
    #[error(
        "the server answers {0} and redirects to another address, which is not followed: put the address that it redirects to into spec.url of the GitRepository"
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
    #[error("the answer is not that of a Git server: {0}")]
    Protocol(String),
    /// The controller has a fault.
    #[error("the look-up ended by a fault of the controller, which its log describes")]
    Panic,
}

impl GitError {
    /// A connection could not be made, or broke.
    fn of_connection(error: &std::io::Error) -> Self {
        if guard::is_refusal(error) { Self::Forbidden } else { Self::Unreachable(error.to_string()) }
    }

    /// Whether other credentials are the remedy.
    #[must_use]
    pub fn is_of_credentials(&self) -> bool {
        matches!(self, Self::Secret(_) | Self::Refused(_))
    }

    /// The word for metrics.
    pub(crate) fn word(&self) -> &'static str {
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

/// What a remote says.
#[derive(Debug, Default)]
pub struct Said {
    /// The references that were asked for.
    pub references: BTreeMap<String, Resolution>,
    /// The key of its host, as a line of a `known_hosts` file, if it was not known.
    pub new_host_key: Option<String>,
}

/// Asks a remote which commits references are.
///
/// # Errors
/// If it does not say.
pub async fn ask(
    url: &str,
    credentials: &Credentials,
    references: &BTreeSet<String>,
    config: &GitConfig,
) -> Result<Said, GitError> {
    let asked = async {
        git_url::parse(url, config.urls).1.map_err(GitError::Address)?;
        let address = git_url::address(url).map_err(GitError::Address)?;
        let conversation = Conversation::new(references, config.max_bytes);
        match address.transport {
            Transport::Http => http::ask(url, credentials, conversation).await,
            Transport::Git => daemon::ask(&address, conversation).await,
            Transport::Ssh => ssh::ask(&address, credentials, config.host_keys, conversation).await,
        }
    };
    tokio::time::timeout(config.timeout, asked).await.unwrap_or(Err(GitError::Timeout(config.timeout)))
}

/// For [`crate::fuzzing`].
pub(crate) fn fuzz_judge(file: &str, host: &str, port: u16, key: &russh::keys::PublicKey) {
    let _ = host_keys::judge(file, host, port, key);
}

/// For [`crate::fuzzing`].
pub(crate) fn fuzz_key(text: &str, passphrase: Option<&str>) {
    let _ = private_key::load(text, passphrase);
}

/// For [`crate::fuzzing`].
pub(crate) fn fuzz_conversation(references: &BTreeSet<String>, pieces: &[Vec<u8>]) {
    let mut conversation = Conversation::new(references, 100_000);
    if pieces.iter().all(|piece| conversation.read(piece).is_ok()) {
        let _ = conversation.end();
    }
}

/// A text of a server, cut and without control characters, as the end of a sentence.
fn words(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let text: String =
        text.chars().map(|char| if char.is_control() { ' ' } else { char }).take(200).collect();
    let text = text.trim();
    if text.is_empty() { String::new() } else { format!(": {text}") }
}
