//! What is cached of the objects of Functions: what decisions use, and no credential.

use std::sync::Arc;

use api::names::owned_label;
use cluster::{Cached, Object, Packed};
use decide::function::{BuildJob, RegistrySecret, names};
use decide::owner::Owner;
use k8s_openapi::api::batch::v1::JobStatus;
use k8s_openapi::api::core::v1::{Pod, Secret};
use kube::Resource;
use kube::api::PartialObjectMeta;
use serde::Deserialize;
use serde_json::Value;

use crate::secrets::fingerprint;

/// The largest content of an object that is cached, packed, in bytes. Larger content is read from the API server when
/// it is needed.
pub(super) const MAX_CACHED: usize = 32 * 1024;

/// The label of a Pod with the name of its Job.
pub(super) const JOB_NAME: &str = "batch.kubernetes.io/job-name";

/// The group of everything that a Function controls in its namespace. An object in another namespace that claims the
/// same UID is not in it.
pub(super) fn owned_by(namespace: &str, uid: &str) -> String {
    format!("{namespace}/{uid}")
}

/// An object with the labels of a Function's objects.
#[derive(Debug)]
pub(super) struct Child {
    group: Box<str>,
    /// The name of the Function in its label. A change wakes this Function; the label proves nothing.
    pub(super) function: String,
    content: Content,
}

/// The cached content of an object.
#[derive(Debug)]
enum Content {
    /// The whole object.
    Packed(Packed),
    /// None, because it is too large.
    Large,
    /// None, because no decision uses it: no Function controls it, or its name is not one that a Function gives.
    Unneeded,
}

/// An object in the cache.
#[derive(Debug)]
pub(super) enum Found {
    /// The whole object.
    Whole(Value),
    /// It is too large for the cache.
    Large,
    /// No Function controls it.
    Foreign,
}

impl Child {
    pub(super) fn of(object: &Object) -> Option<Self> {
        let metadata = object.meta();
        let function = metadata.labels.as_ref()?.get(owned_label::FUNCTION_NAME)?.clone();
        let name = metadata.name.as_deref()?;
        let namespace = metadata.namespace.as_deref()?;
        let Some(owner) = Owner::of(metadata) else {
            return Some(Self { group: Box::default(), function, content: Content::Unneeded });
        };
        let group = owned_by(namespace, &owner.uid).into();
        let is_named = name == owner.name || name == names::child(&owner.name, &owner.uid);
        let content = match Packed::of(object) {
            _ if !is_named => Content::Unneeded,
            Ok(packed) if packed.size() <= MAX_CACHED => Content::Packed(packed),
            Ok(_) | Err(_) => Content::Large,
        };
        Some(Self { group, function, content })
    }

    /// The object, for a Function that wants to own it.
    pub(super) fn found(&self, group: &str) -> Found {
        match &self.content {
            _ if *self.group != *group => Found::Foreign,
            Content::Packed(packed) => packed.unpack().map_or(Found::Large, Found::Whole),
            Content::Large | Content::Unneeded => Found::Large,
        }
    }
}

impl Cached for Child {
    fn group(&self) -> &str {
        &self.group
    }
}

/// A Job, by the Function that controls it.
#[derive(Debug)]
pub(super) struct CachedJob {
    group: String,
    pub(super) job: Arc<BuildJob>,
}

#[derive(Deserialize)]
struct JobHead {
    suspend: Option<bool>,
}

impl CachedJob {
    pub(super) fn of(object: &Object) -> Option<Self> {
        let metadata = object.meta();
        let is_suspended = object.spec::<JobHead>().and_then(|spec| spec.suspend).unwrap_or_default();
        let status: JobStatus = object.status().unwrap_or_default();
        let job = BuildJob::of(metadata, is_suspended, &status)?;
        let group = owned_by(metadata.namespace.as_deref().unwrap_or_default(), &job.owner.uid);
        Some(Self { group, job: Arc::new(job) })
    }
}

impl Cached for CachedJob {
    fn group(&self) -> &str {
        &self.group
    }
}

/// A Pod of a build that runs, by its Job. Its labels prove nothing: they only say when a Job is looked at.
#[derive(Debug)]
pub(super) struct RunningPod {
    pub(super) job: String,
}

impl RunningPod {
    pub(super) fn of(pod: &PartialObjectMeta<Pod>) -> Option<Self> {
        Some(Self { job: pod.metadata.labels.as_ref()?.get(JOB_NAME)?.clone() })
    }
}

impl Cached for RunningPod {
    fn group(&self) -> &str {
        &self.job
    }
}

/// A registry Secret, by its namespace.
#[derive(Debug)]
pub(super) struct CachedRegistry {
    namespace: String,
    /// Detects changes of its data.
    fingerprint: u64,
    pub(super) secret: RegistrySecret,
}

impl CachedRegistry {
    pub(super) fn of(secret: &Secret) -> Option<Self> {
        Some(Self {
            namespace: secret.metadata.namespace.clone()?,
            fingerprint: fingerprint(secret),
            secret: RegistrySecret::of(secret),
        })
    }
}

impl Cached for CachedRegistry {
    fn group(&self) -> &str {
        &self.namespace
    }

    /// If the credentials have not changed, no rebuild is necessary.
    fn succeed(&mut self, before: &Self) {
        if self.fingerprint == before.fingerprint {
            self.secret.version.clone_from(&before.secret.version);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use k8s_openapi::ByteString;
    use kube::api::ObjectMeta;

    use super::*;

    #[test]
    fn a_registry_secret_has_the_version_in_which_its_data_came() {
        let secret = |version: &str, password: &str| {
            let data = [("password".to_owned(), ByteString(password.as_bytes().to_vec()))];
            let metadata = ObjectMeta {
                namespace: Some("n".to_owned()),
                resource_version: Some(version.to_owned()),
                ..ObjectMeta::default()
            };
            CachedRegistry::of(&Secret { metadata, data: Some(data.into()), ..Secret::default() }).unwrap()
        };
        let (first, mut annotated, mut rotated) = (secret("1", "a"), secret("2", "a"), secret("3", "b"));
        annotated.succeed(&first);
        assert_eq!(annotated.secret.version, "1");
        rotated.succeed(&annotated);
        assert_eq!(rotated.secret.version, "3");
    }
}
