//! The Secret that a push or pull secret becomes, whole.

use api::names::registry::{ROTATE, ROTATION};
use api::names::registry_secret;
use serde_json::{Map, Value, json};

use super::data::{Authority, Credentials};
use super::observed::Observed;
use super::request::Request;
use crate::Kind;
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
                "ownerReferences": [{
                    "apiVersion": self.kind.api_version(),
                    "kind": self.kind.as_str(),
                    "name": self.name,
                    "uid": self.uid,
                    "controller": true,
                }],
            },
            "type": registry_secret::TYPE,
            "data": target.data(username, password),
        });
        Some(Wanted { kind, namespace: self.namespace.clone(), name: self.secret.clone(), object })
    }

    fn annotations(&self, number: u64) -> Value {
        let mut annotations = Map::from_iter([(ROTATION.to_owned(), number.to_string().into())]);
        if let Some(requested) = &self.requested {
            annotations.insert(ROTATE.to_owned(), requested.clone().into());
        }
        annotations.into()
    }
}
