//! Which host keys of Git servers are trusted.

use serde::{Deserialize, Serialize};

/// Which host keys are trusted where the Secret of a repository holds no `known_hosts`.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HostKeys {
    /// The one that is seen first, which is recorded: another one is refused from then on.
    #[default]
    AcceptNew,
    /// None.
    Strict,
}

impl HostKeys {
    /// The value of ssh's `StrictHostKeyChecking`.
    #[must_use]
    pub fn as_ssh_option(self) -> &'static str {
        match self {
            Self::AcceptNew => "accept-new",
            Self::Strict => "yes",
        }
    }
}
