//! What is cached of accounts, namespaces and Secrets.

use std::collections::BTreeMap;

use api::names::registry::{ROTATION, account_label};
use api::registry::ImageRegistryAccount;
use cluster::Cached;
use decide::{Key, Kind};
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::ResourceExt as _;
use kube::api::PartialObjectMeta;

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

/// A Secret of a push or pull secret: only its metadata are read.
#[derive(Debug)]
pub(super) struct CachedSecret {
    /// The value of its label.
    label: String,
    pub(super) metadata: ObjectMeta,
}

impl CachedSecret {
    /// `None` for a Secret without the label.
    pub(super) fn of(secret: &PartialObjectMeta<Secret>, label: &str) -> Option<Self> {
        let value = secret.labels().get(label)?.clone();
        let rotation = secret.annotations().get_key_value(ROTATION);
        let metadata = ObjectMeta {
            name: secret.metadata.name.clone(),
            namespace: secret.metadata.namespace.clone(),
            labels: Some([(label.to_owned(), value.clone())].into()),
            annotations: rotation.map(|(key, number)| [(key.clone(), number.clone())].into()),
            owner_references: secret.metadata.owner_references.clone(),
            ..ObjectMeta::default()
        };
        Some(Self { label: value, metadata })
    }

    /// The name of the object of a kind that controls it.
    pub(super) fn owner(&self, kind: Kind) -> Option<&str> {
        let mut owners = self.metadata.owner_references.iter().flatten();
        let owner = owners.find(|owner| owner.controller == Some(true) && owner.kind == kind.as_str())?;
        Some(&owner.name)
    }
}

impl Cached for CachedSecret {
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
