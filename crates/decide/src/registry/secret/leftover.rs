//! Secrets of names that a push or pull secret had before: `forFunctions` and `secretName` may change.

use api::names::registry::ROTATION;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::request::Request;

/// A Secret of an earlier name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Leftover {
    /// Its name.
    pub name: String,
    /// The number of its account, as its annotation says it.
    pub number: Option<u64>,
}

impl Request {
    /// Reads a Secret that was written for the push or pull secret under another name than it has now. Both its label and
    /// its owner must say so.
    #[must_use]
    pub fn leftover(&self, secret: &ObjectMeta) -> Option<Leftover> {
        let label = secret.labels.as_ref()?.get(self.access.label())?;
        let mut owners = secret.owner_references.iter().flatten();
        let is_own = secret.namespace.as_ref() == Some(&self.namespace)
            && secret.name.as_ref().is_some_and(|name| *name != self.secret)
            && *label == self.account
            && owners.any(|owner| owner.controller == Some(true) && owner.uid == self.uid);
        let annotated = secret.annotations.as_ref().and_then(|annotations| annotations.get(ROTATION));
        let number = annotated.and_then(|number| number.parse().ok());
        is_own.then(|| secret.name.clone()).flatten().map(|name| Leftover { name, number })
    }
}
