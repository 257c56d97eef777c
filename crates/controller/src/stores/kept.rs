//! What is kept of each object: what a decision asks for, and no credential.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::LazyLock;

use api::names::{job_annotation, owned_label, registry_secret, runtime_label};
use api::{GitRepository, GitRepositorySpec};
use jiff::Timestamp;
use k8s_openapi::api::batch::v1::JobStatus;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::Resource;

use super::cache::Kept;
use crate::decide::build;
use crate::object::Object;
use crate::packed::Packed;

/// An object that was made for a Function.
#[derive(Debug)]
pub(crate) struct Child {
    owner: String,
    /// The name of its Function.
    pub(crate) function: String,
    packed: Packed,
}

impl Child {
    pub(crate) fn of(object: &Object) -> Option<Self> {
        let labels = object.meta().labels.as_ref()?;
        let owner = uuid(Some(labels))?.clone();
        let function = labels.get(owned_label::FUNCTION_NAME)?.clone();
        Some(Self { owner, function, packed: Packed::of(object).ok()? })
    }

    pub(crate) fn value(&self) -> Option<serde_json::Value> {
        self.packed.unpack().ok()
    }
}

impl Kept for Child {
    fn group(&self) -> &str {
        &self.owner
    }
}

fn uuid(labels: Option<&BTreeMap<String, String>>) -> Option<&String> {
    labels?.get(owned_label::UUID)
}

/// A Job that builds, or has built.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BuildJob {
    /// Its name.
    pub name: String,
    /// The UID of the Function that it says it is of.
    pub uuid: String,
    /// Whether that Function owns it.
    pub is_owned: bool,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// The image that it pushes.
    pub image: String,
    /// Which attempt at that image it is, from 1.
    pub attempt: u32,
    /// The version of the credentials that it was given.
    pub credentials: String,
    /// How it ended.
    pub end: Option<End>,
}

/// How a Job ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct End {
    /// Whether it did what it was to do.
    pub succeeded: bool,
    /// What the Job controller says of it.
    pub message: String,
    /// When.
    pub at: Timestamp,
}

impl BuildJob {
    /// `None` of a Job without labels of a Function.
    #[must_use]
    pub fn of(job: &Object) -> Option<Self> {
        let metadata = job.meta();
        let labels = metadata.labels.clone().unwrap_or_default();
        let annotation = |key: &str| metadata.annotations.as_ref()?.get(key).cloned();
        let uuid = uuid(Some(&labels))?.clone();
        let mut owners = metadata.owner_references.iter().flatten();
        Some(Self {
            name: metadata.name.clone()?,
            is_owned: owners.any(|owner| owner.controller == Some(true) && owner.uid == uuid),
            uuid,
            labels,
            image: annotation(job_annotation::IMAGE).unwrap_or_default(),
            attempt: annotation(job_annotation::ATTEMPT).and_then(|text| text.parse().ok()).unwrap_or(1),
            credentials: annotation(job_annotation::CREDENTIALS).unwrap_or_default(),
            end: job.status().as_ref().and_then(end),
        })
    }
}

fn end(status: &JobStatus) -> Option<End> {
    status.conditions.as_ref()?.iter().find_map(|condition| {
        Some(End {
            succeeded: build::end(&condition.type_, &condition.status)?,
            message: condition.message.clone().unwrap_or_default(),
            at: condition.last_transition_time.as_ref().map_or(Timestamp::UNIX_EPOCH, |time| time.0),
        })
    })
}

impl Kept for BuildJob {
    fn group(&self) -> &str {
        &self.uuid
    }
}

/// The `ConfigMap` of a runtime.
#[derive(Debug)]
pub(crate) struct RuntimeMap {
    namespace: String,
    pub(crate) runtime: String,
    pub(crate) dockerfile: Option<String>,
}

impl RuntimeMap {
    pub(crate) fn of(map: &ConfigMap) -> Option<Self> {
        Some(Self {
            namespace: map.metadata.namespace.clone()?,
            runtime: map.metadata.labels.as_ref()?.get(runtime_label::RUNTIME)?.clone(),
            dockerfile: map.data.as_ref().and_then(|data| data.get(runtime_label::DOCKERFILE)).cloned(),
        })
    }
}

impl Kept for RuntimeMap {
    fn group(&self) -> &str {
        &self.namespace
    }
}

static SEED: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// By what it is seen whether the data of a Secret change. No hash that can be guessed at outside of this process.
pub(crate) fn fingerprint(secret: &Secret) -> u64 {
    let data = secret.data.iter().flatten().map(|(key, value)| (key, &value.0));
    SEED.hash_one(data.collect::<Vec<_>>())
}

/// The addresses of a registry Secret.
#[derive(Debug)]
pub(crate) struct RegistrySecret {
    namespace: String,
    /// The version in which its data came.
    pub(crate) version: String,
    /// The [`fingerprint`] of its data.
    data: u64,
    pub(crate) registry_address: Option<String>,
    pub(crate) server_address: Option<String>,
    pub(crate) is_internal: bool,
}

impl RegistrySecret {
    pub(crate) fn of(secret: &Secret) -> Option<Self> {
        let text = |key: &str| {
            let text = String::from_utf8(secret.data.as_ref()?.get(key)?.0.clone()).ok()?;
            Some(text).filter(|text| !text.trim().is_empty())
        };
        Some(Self {
            namespace: secret.metadata.namespace.clone()?,
            version: secret.metadata.resource_version.clone().unwrap_or_default(),
            data: fingerprint(secret),
            registry_address: text(registry_secret::REGISTRY_ADDRESS),
            server_address: text(registry_secret::SERVER_ADDRESS),
            is_internal: text(registry_secret::IS_INTERNAL).as_deref() == Some("true"),
        })
    }
}

impl Kept for RegistrySecret {
    fn group(&self) -> &str {
        &self.namespace
    }

    /// Credentials that stay the same are no reason to build again.
    fn succeed(&mut self, before: &Self) {
        if self.data == before.data {
            self.version.clone_from(&before.version);
        }
    }
}

/// A `GitRepository`.
#[derive(Clone, Debug)]
pub(crate) struct Repository {
    namespace: String,
    pub(crate) spec: GitRepositorySpec,
    /// The host keys that were recorded when it was first asked.
    pub(crate) host_keys: String,
}

impl Repository {
    pub(crate) fn of(repository: &GitRepository) -> Option<Self> {
        let metadata = &repository.metadata;
        let recorded = metadata.annotations.as_ref().and_then(|all| all.get(api::names::HOST_KEYS));
        Some(Self {
            namespace: metadata.namespace.clone()?,
            spec: repository.spec.clone(),
            host_keys: recorded.cloned().unwrap_or_default(),
        })
    }
}

impl Kept for Repository {
    fn group(&self) -> &str {
        &self.namespace
    }
}

/// That there is an object, and of which version.
#[derive(Debug)]
pub(crate) struct Version {
    namespace: String,
    pub(crate) version: String,
}

impl Version {
    pub(crate) fn of<K: Resource>(object: &K) -> Option<Self> {
        let meta = object.meta();
        Some(Self { namespace: meta.namespace.clone()?, version: meta.resource_version.clone()? })
    }
}

impl Kept for Version {
    fn group(&self) -> &str {
        &self.namespace
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
            RegistrySecret::of(&Secret { metadata, data: Some(data.into()), ..Secret::default() }).unwrap()
        };
        let (first, mut annotated, mut rotated) = (secret("1", "a"), secret("2", "a"), secret("3", "b"));
        annotated.succeed(&first);
        assert_eq!(annotated.version, "1");
        rotated.succeed(&annotated);
        assert_eq!(rotated.version, "3");
    }
}
