//! What is kept of each object: what a decision asks for, and no credential.

mod runtime;

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, LazyLock};

use api::names::{job_annotation, owned_label, registry_secret};
use api::{GitAuth, GitRepository, GitRepositorySpec};
use jiff::Timestamp;
use k8s_openapi::api::batch::v1::JobStatus;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use serde::Deserialize;

use super::cache::{Kept, version};
use crate::decide::build;
use crate::image;
use crate::names;
use crate::object::Object;
use crate::packed::Packed;

pub(crate) use runtime::{MAX_FILE_NAME, MAX_FILES, RuntimeFault, RuntimeMap};

/// The largest content of an object that is kept in memory, packed, in bytes. What is larger is asked for when it is needed.
pub(crate) const MAX_KEPT: usize = 32 * 1024;

/// The Function that controls an object, by what the object says of its owner.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Owner {
    /// The name of the Function.
    pub name: String,
    /// Its UID.
    pub uid: String,
}

impl Owner {
    fn of(metadata: &ObjectMeta) -> Option<Self> {
        let mut owners = metadata.owner_references.iter().flatten();
        let owner = owners.find(|owner| owner.controller == Some(true) && owner.kind == "Function")?;
        Some(Self { name: owner.name.clone(), uid: owner.uid.clone() })
    }
}

/// The group of all that a Function of a namespace controls. What another namespace says of the same UID is not in it.
pub(crate) fn owned_by(namespace: &str, uid: &str) -> String {
    format!("{namespace}/{uid}")
}

/// An object with the labels of what is made for Functions.
#[derive(Debug)]
pub(crate) struct Child {
    group: Box<str>,
    /// The name of the Function that its label gives: whom a change wakes, and no proof of anything.
    pub(crate) function: String,
    content: Content,
}

/// What is kept of an object beside its name.
#[derive(Debug)]
enum Content {
    /// All of it.
    Packed(Packed),
    /// Nothing, since it is large.
    Large,
    /// Nothing, since no decision looks into it: no Function controls it, or it has no name that a Function gives.
    Unneeded,
}

/// An object as the cache has it.
#[derive(Debug)]
pub(crate) enum Found {
    /// All of it.
    Whole(serde_json::Value),
    /// It is too large to be kept.
    Large,
    /// No Function controls it.
    Foreign,
}

impl Child {
    pub(crate) fn of(object: &Object) -> Option<Self> {
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
            Ok(packed) if packed.len() <= MAX_KEPT => Content::Packed(packed),
            Ok(_) | Err(_) => Content::Large,
        };
        Some(Self { group, function, content })
    }

    /// The object, of which a certain Function wants to be the owner.
    pub(crate) fn found(&self, group: &str) -> Found {
        match &self.content {
            _ if *self.group != *group => Found::Foreign,
            Content::Packed(packed) => packed.unpack().map_or(Found::Large, Found::Whole),
            Content::Large | Content::Unneeded => Found::Large,
        }
    }
}

impl Kept for Child {
    fn group(&self) -> &str {
        &self.group
    }
}

/// A Job that builds, or has built, for a Function that controls it.
#[derive(Clone, Debug)]
pub struct BuildJob {
    /// Its name.
    pub name: String,
    /// Its UID.
    pub uid: String,
    /// Its version.
    pub version: Option<String>,
    /// The Function that controls it.
    pub owner: Owner,
    group: String,
    /// Its labels; `None` if they are more than a Function has.
    pub labels: Option<BTreeMap<String, String>>,
    /// The image that it pushes.
    pub image: String,
    /// Which attempt at that image it is, from 1.
    pub attempt: u32,
    /// The version of the credentials that it was given.
    pub credentials: String,
    /// The digest of the image that it has pushed.
    pub digest: Option<String>,
    /// Why it has failed, if the controller has found that out itself.
    pub failure: Option<String>,
    /// When it was created.
    pub created: Timestamp,
    /// Whether somebody has stopped it: it has no Pod then.
    pub is_suspended: bool,
    /// Whether a Pod of it runs, or has run.
    pub has_started: bool,
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

/// The highest attempt that is believed: each takes seconds at least.
const MAX_ATTEMPT: u32 = 1_000_000;
/// The longest text of an annotation that is kept, in bytes: the name of an image, a reason.
const MAX_TEXT: usize = 2048;
/// The most bytes of labels that are kept.
const MAX_LABELS: usize = 16 * 1024;

#[derive(Deserialize)]
struct JobHead {
    suspend: Option<bool>,
}

impl BuildJob {
    /// `None` of a Job that no Function controls.
    #[must_use]
    pub fn of(job: &Object) -> Option<Self> {
        let metadata = job.meta();
        let annotation = |key: &str| {
            let text = metadata.annotations.as_ref()?.get(key)?;
            Some(text.clone()).filter(|text| text.len() <= MAX_TEXT)
        };
        let owner = Owner::of(metadata)?;
        let labels = metadata.labels.clone().unwrap_or_default();
        let size: usize = labels.iter().map(|(key, value)| key.len() + value.len()).sum();
        let status: JobStatus = job.status().unwrap_or_default();
        let is_some = |number: Option<i32>| number.unwrap_or_default() > 0;
        Some(Self {
            name: metadata.name.clone()?,
            uid: metadata.uid.clone().unwrap_or_default(),
            version: metadata.resource_version.clone(),
            group: owned_by(metadata.namespace.as_deref().unwrap_or_default(), &owner.uid),
            owner,
            labels: (size <= MAX_LABELS).then_some(labels),
            image: annotation(job_annotation::IMAGE).unwrap_or_default(),
            attempt: annotation(job_annotation::ATTEMPT)
                .and_then(|text| text.parse().ok())
                .filter(|attempt| *attempt <= MAX_ATTEMPT)
                .unwrap_or(1),
            credentials: annotation(job_annotation::CREDENTIALS).unwrap_or_default(),
            digest: annotation(job_annotation::DIGEST).filter(|digest| image::is_digest(digest)),
            failure: annotation(job_annotation::FAILURE),
            created: metadata.creation_timestamp.as_ref().map_or(Timestamp::UNIX_EPOCH, |time| time.0),
            is_suspended: job.spec::<JobHead>().and_then(|spec| spec.suspend).unwrap_or_default(),
            has_started: is_some(status.ready) || is_some(status.succeeded) || is_some(status.failed),
            end: end(&status),
        })
    }

    /// Whether it takes up a build slot.
    pub(crate) fn is_building(&self) -> bool {
        self.end.is_none() && !self.is_suspended
    }

    /// Whether a decision would see a difference. Most of what the Job controller notes on a Job is none.
    pub(crate) fn differs(&self, other: &Self) -> bool {
        let decided_on = |job: &Self| {
            let Self {
                name,
                uid,
                labels,
                image,
                attempt,
                credentials,
                digest,
                failure,
                is_suspended,
                end,
                ..
            } = job.clone();
            (name, uid, labels, image, attempt, credentials, digest, failure, is_suspended, end)
        };
        decided_on(self) != decided_on(other)
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
        &self.group
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
            let bytes = &secret.data.as_ref()?.get(key)?.0;
            let text = str::from_utf8(bytes.get(..MAX_TEXT).unwrap_or(bytes)).ok()?;
            Some(text.to_owned()).filter(|text| !text.trim().is_empty())
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

/// A `GitRepository`, with texts of bounded length.
#[derive(Clone, Debug)]
pub(crate) struct Repository {
    namespace: String,
    pub(crate) uid: String,
    /// The version of the object.
    pub(crate) version: u64,
    pub(crate) spec: GitRepositorySpec,
    /// The host keys that were recorded when it was first asked.
    pub(crate) host_keys: Arc<str>,
    pub(crate) is_deleted: bool,
    /// What is longer than it may be, and is not kept.
    pub(crate) too_long: Option<&'static str>,
}

/// The longest address of a repository, in bytes.
const MAX_URL: usize = 2048;
/// The longest annotation with host keys, in bytes.
pub(crate) const MAX_HOST_KEYS: usize = 64 * 1024;
/// The longest name of a Secret, in bytes.
const MAX_NAME: usize = 253;

impl Repository {
    pub(crate) fn of(repository: &GitRepository) -> Option<Self> {
        let metadata = &repository.metadata;
        let recorded = metadata.annotations.as_ref().and_then(|all| all.get(api::names::HOST_KEYS));
        let recorded = recorded.map(String::as_str).unwrap_or_default();
        let GitRepositorySpec { url, auth } = &repository.spec;
        let is_long = |auth: &GitAuth| auth.secret_name.len() > MAX_NAME || auth.auth_type.len() > MAX_NAME;
        let too_long = if url.len() > MAX_URL {
            Some("spec.url of the GitRepository is longer than 2048 bytes")
        } else if recorded.len() > MAX_HOST_KEYS {
            Some(
                "annotation serverless.kyma-project.io/host-keys of the GitRepository is longer than 65536 bytes: take lines out of it",
            )
        } else if auth.as_ref().is_some_and(is_long) {
            Some("spec.auth of the GitRepository has texts of more than 253 bytes")
        } else {
            None
        };
        let is_kept = too_long.is_none();
        Some(Self {
            namespace: metadata.namespace.clone()?,
            uid: metadata.uid.clone().unwrap_or_default(),
            version: version(metadata.resource_version.as_deref()),
            spec: if is_kept { repository.spec.clone() } else { GitRepositorySpec::default() },
            host_keys: if is_kept { recorded.into() } else { "".into() },
            is_deleted: metadata.deletion_timestamp.is_some(),
            too_long,
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

    #[test]
    fn texts_of_a_repository_are_bounded() {
        let repository = |url: usize, host_keys: usize, secret: usize| {
            let url = "x".repeat(url);
            let auth = GitAuth { auth_type: "key".to_owned(), secret_name: "x".repeat(secret) };
            let mut repository = GitRepository::new("r", GitRepositorySpec { url, auth: Some(auth) });
            repository.metadata.namespace = Some("n".to_owned());
            let annotation = (api::names::HOST_KEYS.to_owned(), "x".repeat(host_keys));
            repository.metadata.annotations = Some([annotation].into());
            Repository::of(&repository).unwrap()
        };
        let longest = repository(2048, 65_536, 253);
        assert_eq!((longest.too_long, longest.host_keys.len(), longest.spec.url.len()), (None, 65_536, 2048));
        for (long, expected) in [
            (repository(2049, 0, 1), "spec.url of the GitRepository is longer than 2048 bytes"),
            (
                repository(1, 65_537, 1),
                "annotation serverless.kyma-project.io/host-keys of the GitRepository is longer than 65536 bytes: take lines out of it",
            ),
            (repository(1, 0, 254), "spec.auth of the GitRepository has texts of more than 253 bytes"),
        ] {
            assert_eq!(long.too_long, Some(expected));
            assert_eq!((long.spec, long.host_keys.len()), (GitRepositorySpec::default(), 0));
        }
    }
}
