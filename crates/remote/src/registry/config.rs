//! How registries are contacted.

use std::collections::BTreeSet;
use std::time::Duration;

/// How registries are contacted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RegistryConfig {
    /// How long a registry may take to answer.
    pub timeout: Duration,
    /// Registries without TLS, as `host` or `host:port`. Those on this machine are contacted only if they are listed
    /// here.
    pub plain_http: BTreeSet<String>,
}

impl RegistryConfig {
    /// Whether a registry is contacted without TLS.
    #[must_use]
    pub fn is_plain(&self, host: &str, port: Option<u16>) -> bool {
        policy::registries::is_plain(&self.plain_http, host, port)
    }
}

impl Default for RegistryConfig {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(10), plain_http: BTreeSet::new() }
    }
}
