//! What the cluster holds of a cache.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::Kind;
use crate::registry::certificates::{AuthoritySecret, ServerSecret};
use crate::registry::observed::Own;

/// The authority of the upstream.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum RemoteCa {
    /// A public one.
    #[default]
    Public,
    /// The Secret does not hold one.
    Missing,
    /// In PEM.
    Pem(String),
}

/// What the cluster holds of a cache.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// The authority of the installation.
    pub root: Own<AuthoritySecret>,
    /// The authorities of certificates that clients must trust, in PEM.
    pub authorities: String,
    /// The certificate of the cache.
    pub tls: Own<ServerSecret>,
    /// The token authority.
    pub tokens: Own<AuthoritySecret>,
    /// The token authorities that are trusted, in PEM.
    pub trusted: String,
    /// The authority of the upstream.
    pub remote_ca: RemoteCa,
    /// The proven credentials.
    pub proven: Own<()>,
    /// Its objects that are stored, by kind and name: those that it needs, and its other Services and Secrets.
    pub stored: BTreeMap<(Kind, String), Value>,
}
