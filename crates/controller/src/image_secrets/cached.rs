//! What is cached of accounts, namespaces and Secrets.

use std::collections::BTreeMap;

use api::names::registry::account_label;
use api::registry::ImageRegistryAccount;
use cluster::Cached;
use decide::Key;
use kube::ResourceExt as _;

/// An account of a push or pull secret, without the hash of its password.
#[derive(Debug)]
pub(super) struct CachedAccount {
    /// The value of its label.
    label: String,
    pub(super) account: ImageRegistryAccount,
}

impl CachedAccount {
    /// `None` for an account without the label.
    pub(super) fn of(account: &ImageRegistryAccount, label: &str) -> Option<Self> {
        let label = account.labels().get(label)?.clone();
        let mut account = account.clone();
        account.metadata.managed_fields = None;
        (account.spec.password, account.spec.password_hashes) = (None, None);
        Some(Self { label, account })
    }

    /// The namespace and the name of the push or pull secret, as the account says them.
    pub(super) fn owner(&self) -> Option<Key> {
        let labels = self.account.spec.labels.as_ref()?;
        let first = |label: &str| labels.get(label)?.first().cloned();
        Some((first(account_label::NAMESPACE)?, first(account_label::NAME)?))
    }
}

impl Cached for CachedAccount {
    fn group(&self) -> &str {
        &self.label
    }
}

/// The labels of a namespace.
#[derive(Debug, PartialEq)]
pub(super) struct Labels(pub(super) BTreeMap<String, String>);

/// Namespaces are in one group.
impl Cached for Labels {
    fn group(&self) -> &'static str {
        ""
    }
}
