//! Names and labels of the objects of a Function. Names are derived, never generated: a crash between a creation and
//! its record makes no duplicate.

use std::collections::BTreeMap;

use api::names::owned_label;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use sha2::{Digest as _, Sha256};

use crate::owner::reference;

/// The value of [`owned_label::RESOURCE`] on Pods.
pub const DEPLOYMENT: &str = "deployment";
/// The container of a build Job that builds.
pub(super) const BUILDER: &str = "executor";
/// How many characters are appended to the name of a Function.
const SUFFIX: usize = 5;
/// Characters without vowels, like those of generated Kubernetes names, so that no words appear.
const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// The identity of a Function.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Identity {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Its UID.
    pub uid: String,
}

impl Identity {
    /// `None` for a Function that no API server has stored.
    #[must_use]
    pub fn of(metadata: &ObjectMeta) -> Option<Self> {
        Some(Self {
            name: metadata.name.clone()?,
            namespace: metadata.namespace.clone()?,
            uid: metadata.uid.clone()?,
        })
    }

    /// The name of its ConfigMap, Deployment and autoscaler.
    #[must_use]
    pub fn child(&self) -> String {
        child(&self.name, &self.uid)
    }

    /// The name of the Job of one attempt to build an image.
    #[must_use]
    pub fn job(&self, image: &str, attempt: u32) -> String {
        format!("{}-build-{}", self.name, suffix(&format!("{attempt} {image}")))
    }

    /// The labels that select everything of the Function.
    #[must_use]
    pub fn labels(&self) -> BTreeMap<String, String> {
        BTreeMap::from([
            (owned_label::FUNCTION_NAME.to_owned(), self.name.clone()),
            (owned_label::MANAGED_BY.to_owned(), owned_label::MANAGER.to_owned()),
            (owned_label::UUID.to_owned(), self.uid.clone()),
        ])
    }

    /// The labels of its Pods that the Deployment and the Service select.
    #[must_use]
    pub fn selector(&self) -> BTreeMap<String, String> {
        let mut labels = self.labels();
        labels.insert(owned_label::RESOURCE.to_owned(), DEPLOYMENT.to_owned());
        labels
    }

    /// The metadata of an object that is deleted with the Function; `labels` are those of its author.
    #[must_use]
    pub fn metadata(&self, labels: Option<&BTreeMap<String, String>>, name: String) -> ObjectMeta {
        let mut labels = inherited(labels);
        labels.extend(self.labels());
        let api_version = format!("{}/{}", api::names::GROUP, api::names::VERSION);
        let owner = reference(api_version, "Function", &self.name, &self.uid);
        ObjectMeta {
            name: Some(name),
            namespace: Some(self.namespace.clone()),
            labels: Some(labels),
            owner_references: Some(vec![owner]),
            ..ObjectMeta::default()
        }
    }
}

/// The name of the ConfigMap, Deployment and autoscaler of a Function.
#[must_use]
pub fn child(name: &str, uid: &str) -> String {
    format!("{name}-{}", suffix(uid))
}

/// The labels that objects of a Function inherit from their author. Labels of our own group are left out: one of them
/// could turn a ConfigMap into a runtime, or a Secret into a copy.
#[must_use]
pub fn inherited(labels: Option<&BTreeMap<String, String>>) -> BTreeMap<String, String> {
    let is_ours = |key: &str| key.split_once('/').is_some_and(|(prefix, _)| prefix == api::names::GROUP);
    let labels = labels.into_iter().flatten().filter(|(key, _)| !is_ours(key));
    labels.map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn suffix(seed: &str) -> String {
    let digest = Sha256::digest(seed.as_bytes());
    let letter = |byte: &u8| ALPHABET.get(usize::from(*byte) % ALPHABET.len()).copied().map(char::from);
    digest.iter().filter_map(letter).take(SUFFIX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_derived_and_fit() {
        let identity = Identity { name: "f".repeat(51), namespace: "n".to_owned(), uid: "u-1".to_owned() };
        assert_eq!(identity.job("image", 1).len(), 63);
        assert_eq!(identity.child(), identity.child());
        let other = Identity { uid: "u-2".to_owned(), ..identity.clone() };
        assert_ne!(identity.child(), other.child());
        assert_ne!(identity.job("a", 1), identity.job("b", 1));
        assert_ne!(identity.job("a", 1), identity.job("a", 2));
        let is_plain = |name: &str| {
            name.bytes().all(|byte| byte == b'-' || byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        assert!(is_plain(&identity.child()) && is_plain(&identity.job("image", 1)));
    }
}
