//! How remotes are asked.

use std::time::Duration;

use policy::HostKeys;
use policy::git_url::GitUrls;

use crate::guard::Loopback;

/// In its Pod, only the controller listens, and it serves nothing that these protocols could use.
pub(super) const LOOPBACK: Loopback = Loopback::Allowed;

/// How remotes are asked.
#[derive(Clone, Debug, PartialEq)]
pub struct GitConfig {
    /// How often a remote is asked for a running Function.
    pub poll: Duration,
    /// How long an answer may take.
    pub timeout: Duration,
    /// How many bytes an answer may have at most.
    pub max_bytes: usize,
    /// How many remotes are asked at the same time.
    pub concurrency: usize,
    /// Which host keys are trusted if the Secret has none.
    pub host_keys: HostKeys,
    /// How strictly addresses are checked, as in the configuration of the webhook.
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
