//! What is cached of a `GitRepository`.

use std::sync::Arc;

use api::{GitAuth, GitRepository, GitRepositorySpec};
use cluster::{Cached, version};

/// A `GitRepository`, with texts of bounded length.
#[derive(Clone, Debug)]
pub(super) struct Repository {
    namespace: String,
    pub(super) uid: String,
    /// The version of the object, as a number.
    pub(super) version: u64,
    pub(super) spec: GitRepositorySpec,
    /// The host keys that were recorded at the first poll.
    pub(super) host_keys: Arc<str>,
    pub(super) is_deleted: bool,
    /// A field that is too long and not cached.
    pub(super) too_long: Option<&'static str>,
}

/// The longest address of a repository, in bytes.
const MAX_URL: usize = 2048;
/// The longest annotation with host keys, in bytes.
pub(super) const MAX_HOST_KEYS: usize = 64 * 1024;
/// The longest name of a Secret, in bytes.
const MAX_NAME: usize = 253;

impl Repository {
    pub(super) fn of(repository: &GitRepository) -> Option<Self> {
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

impl Cached for Repository {
    fn group(&self) -> &str {
        &self.namespace
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

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
