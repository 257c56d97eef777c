//! How remotes are asked.

use std::time::Duration;

use policy::HostKeys;
use policy::git_url::GitUrls;

use crate::guard::Loopback;

/// In its Pod, the controller alone listens, and to nothing of what is asked here.
pub(super) const LOOPBACK: Loopback = Loopback::Allowed;

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
