//! What is observed around a push or pull secret.

use std::collections::BTreeMap;

use api::registry::{AllowedNamespaces, ImageRegistry, ImageSecretStatus};

use super::account::OwnAccount;
use super::data::Authority;
use super::leftover::Leftover;
use super::status;
use super::stored::Stored;
use crate::Key;

/// By how much the number in a Secret, which its users can change, may be ahead of what is known otherwise.
const AHEAD_MAX: u64 = 1000;

/// What is known of an `ImageRegistry`.
#[derive(Clone, Debug, PartialEq)]
pub struct Registry {
    /// The name by which images are pushed and pulled.
    pub hostname: Option<String>,
    /// The Secret with its certificate.
    pub certificate: Option<String>,
    /// Which namespaces may have secrets.
    pub allowed: Option<AllowedNamespaces>,
    /// Whether each namespace pushes below its own name.
    pub is_per_namespace: bool,
}

/// What is observed around a push or pull secret.
#[derive(Clone, Debug)]
pub struct Observed<'a> {
    /// The registry, if there is one.
    pub registry: Option<&'a Registry>,
    /// Its certificate authority.
    pub authority: Authority<'a>,
    /// The labels of the namespace of the secret.
    pub labels: &'a BTreeMap<String, String>,
    /// The accounts of the secret, in all namespaces.
    pub accounts: &'a [OwnAccount],
    /// What has the name of the Secret.
    pub stored: &'a Stored,
    /// Its Secrets of earlier names.
    pub leftovers: &'a [Leftover],
    /// The account whose password this process has, to write it into the Secret.
    pub held: Option<&'a Key>,
    /// The status.
    pub status: Option<&'a ImageSecretStatus>,
}

impl Registry {
    /// Reads an `ImageRegistry`.
    #[must_use]
    pub fn of(registry: &ImageRegistry) -> Self {
        let (auth, status) = (registry.spec.auth.as_ref(), registry.status.as_ref());
        let non_blank = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        let policy =
            auth.filter(|auth| auth.config_map_name.is_none()).and_then(|auth| auth.policy.as_deref());
        Self {
            hostname: status.and_then(|status| status.hostname.as_ref()).and_then(non_blank),
            certificate: status.and_then(|status| status.tls_secret_name.as_ref()).and_then(non_blank),
            allowed: auth.and_then(|auth| auth.allowed_namespaces.clone()),
            is_per_namespace: policy == Some("PerNamespace"),
        }
    }
}

impl Observed<'_> {
    /// Which account the Secret has the password of.
    pub(super) fn stored_number(&self) -> Option<u64> {
        let number = self.stored.own()?.number?;
        let numbers = self.accounts.iter().map(|own| own.number);
        let known = numbers.fold(status::rotation(self.status), u64::max);
        (number <= known.saturating_add(AHEAD_MAX)).then_some(number)
    }
}
