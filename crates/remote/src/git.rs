//! Git remotes: resolves a reference to a commit with one question and without a clone.
//!
//! `refs` has the messages of the protocol and is pure; `http`, `ssh` and `daemon` transport them.

mod answer;
mod config;
mod credentials;
mod daemon;
mod error;
mod host_keys;
mod http;
mod private_key;
mod refs;
mod ssh;

use std::collections::BTreeSet;

use policy::git_url::{self, Transport};

pub use answer::RemoteAnswer;
pub use config::GitConfig;
pub use credentials::{Credentials, is_labelled};
pub use error::GitError;
pub use policy::HostKeys;
pub use refs::{Resolution, is_commit, missing, problem};

use refs::Conversation;

/// Asks a remote for the commits of references.
///
/// # Errors
/// If it does not answer.
pub async fn ask(
    url: &str,
    credentials: &Credentials,
    references: &BTreeSet<String>,
    config: &GitConfig,
) -> Result<RemoteAnswer, GitError> {
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

/// For `fuzzing`.
pub(crate) fn fuzz_judge(file: &str, host: &str, port: u16, key: &russh::keys::PublicKey) {
    let _ = host_keys::judge(file, host, port, key);
}

/// For `fuzzing`.
pub(crate) fn fuzz_key(text: &str, passphrase: Option<&str>) {
    let _ = private_key::load(text, passphrase);
}

/// For `fuzzing`.
pub(crate) fn fuzz_conversation(references: &BTreeSet<String>, pieces: &[Vec<u8>]) {
    let mut conversation = Conversation::new(references, 100_000);
    if pieces.iter().all(|piece| conversation.read(piece).is_ok()) {
        let _ = conversation.end();
    }
}
