//! The Secret that a push or pull secret becomes, whole.

use api::names::registry::{ROTATE, ROTATION};
use api::names::registry_secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use serde_json::{Map, Value, json};

use super::data::{Authority, Credentials};
use super::observed::Observed;
use super::request::Request;
use crate::Kind;
use crate::owner::reference;
use crate::plan::Wanted;

impl Request {
    /// The Secret with credentials. It says which request for a rotation it follows, so that both change at once.
    #[must_use]
    pub fn secret(&self, observed: &Observed<'_>, credentials: &Credentials) -> Option<Wanted> {
        let mut target = self.target(observed).ok()?;
        let known = observed.stored.own().and_then(|secret| secret.certificate.as_deref());
        if target.authority == Authority::Unknown {
            target.authority = known.map_or(Authority::Public, Authority::Own);
        }
        let Credentials { number, username, password } = credentials;
        let kind = Kind::Secret;
        let object = json!({
            "apiVersion": kind.api_version(),
            "kind": kind.as_str(),
            "metadata": {
                "name": self.secret,
                "namespace": self.namespace,
                "labels": self.labels(),
                "annotations": self.annotations(*number),
                "ownerReferences": [self.owner()],
            },
            "type": registry_secret::TYPE,
            "data": target.data(username, password),
        });
        Some(Wanted { kind, namespace: self.namespace.clone(), name: self.secret.clone(), object })
    }

    /// Without `blockOwnerDeletion`: some clusters let only those set it who may write the finalizers of the owner by their
    /// subresource, and the account is deleted before its push or pull secret, whatever becomes of the Secret.
    fn owner(&self) -> OwnerReference {
        let owner = reference(self.kind.api_version(), self.kind.as_str(), &self.name, &self.uid);
        OwnerReference { block_owner_deletion: None, ..owner }
    }

    fn annotations(&self, number: u64) -> Value {
        let mut annotations = Map::from_iter([(ROTATION.to_owned(), number.to_string().into())]);
        if let Some(requested) = &self.requested {
            annotations.insert(ROTATE.to_owned(), requested.clone().into());
        }
        annotations.into()
    }
}
