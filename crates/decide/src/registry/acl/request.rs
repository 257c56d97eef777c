//! Who asks, and for what.

use std::net::IpAddr;

use crate::registry::labels::Labels;
use crate::registry::scope::{ResourceType, Scope};

/// The name of those who have not logged in.
pub const ANONYMOUS: &str = "";

/// Who asks, and for what.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The account, or [`ANONYMOUS`].
    pub account: &'a str,
    /// Its labels.
    pub labels: &'a Labels,
    /// Where the request comes from. Without it, rules for addresses do not match.
    pub address: Option<IpAddr>,
    /// The registry.
    pub service: &'a str,
    /// What is asked for.
    pub kind: ResourceType,
    /// Its name.
    pub name: &'a str,
}

impl<'a> Request<'a> {
    /// The question of one scope.
    #[must_use]
    pub fn about(self, scope: &'a Scope) -> Self {
        Self { kind: scope.kind, name: &scope.name, ..self }
    }
}
