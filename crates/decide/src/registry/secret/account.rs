//! The accounts of a push or pull secret: how they are written, and which are its own.

use std::time::Duration;

use api::names::registry::{account_label, number_of};
use api::registry::{ImageRegistryAccount, PasswordHash};
use jiff::Timestamp;
use kube::{Resource as _, ResourceExt as _};
use serde_json::json;

use super::request::Request;
use crate::plan::Wanted;
use crate::registry::expiry::lifetime;
use crate::{Key, Kind};

/// An account of a push or pull secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OwnAccount {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The number at the end of its name.
    pub number: u64,
    /// When the API server created it.
    pub created: Timestamp,
    /// How long it is valid from then on.
    pub ttl: Duration,
}

impl OwnAccount {
    /// Its namespace and name.
    #[must_use]
    pub fn key(&self) -> Key {
        (self.namespace.clone(), self.name.clone())
    }
}

impl Request {
    /// Reads an account; `None` if it is not one of this secret. The label is compared as a whole, and so are the name and the
    /// labels for the access control list: nobody loses an account by a label that somebody wrote by mistake.
    #[must_use]
    pub fn own_account(&self, account: &ImageRegistryAccount) -> Option<OwnAccount> {
        if account.labels().get(self.access.label())? != &self.account {
            return None;
        }
        let labels = account.spec.labels.as_ref()?;
        let says = |label: &str, value: &str| labels.get(label).is_some_and(|values| *values == [value]);
        let is_own = says(account_label::NAMESPACE, &self.namespace)
            && says(account_label::NAME, &self.name)
            && says(account_label::ACCESS_MODE, self.access.as_str());
        if !is_own {
            return None;
        }
        Some(OwnAccount {
            namespace: account.namespace()?,
            name: account.name_any(),
            number: number_of(&self.account, &account.name_any())?,
            created: account.meta().creation_timestamp.as_ref()?.0,
            ttl: lifetime(account.spec.ttl.as_deref()?)?,
        })
    }

    /// The account of a number, with the hash of its password.
    #[must_use]
    pub fn account(&self, number: u64, hash: &PasswordHash) -> Wanted {
        let (kind, name) = (Kind::ImageRegistryAccount, self.numbered(number));
        let (namespace, _) = &self.registry;
        let object = json!({
            "apiVersion": kind.api_version(),
            "kind": kind.as_str(),
            "metadata": {"name": name, "namespace": namespace, "labels": {(self.access.label()): self.account}},
            "spec": {
                "password": hash,
                "ttl": format!("{}s", self.lifetimes.interval.as_secs()),
                "labels": {
                    (account_label::NAMESPACE): [self.namespace],
                    (account_label::NAME): [self.name],
                    (account_label::ACCESS_MODE): [self.access.as_str()],
                },
            },
        });
        Wanted { kind, namespace: namespace.clone(), name, object }
    }
}
