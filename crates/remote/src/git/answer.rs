//! The answer of a remote.

use std::collections::BTreeMap;

use super::refs::Resolution;

/// The answer of a remote.
#[derive(Debug, Default)]
pub struct RemoteAnswer {
    /// The references that were requested.
    pub references: BTreeMap<String, Resolution>,
    /// The key of its host, as a line of a `known_hosts` file, if it was not known.
    pub new_host_key: Option<String>,
}
