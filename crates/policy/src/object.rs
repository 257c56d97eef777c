//! The parts of an object that the rules look at: no `managedFields`, no `status`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

/// A Function under review.
pub type FunctionObject = Object<api::FunctionSpec>;
/// A `GitRepository` under review.
pub type GitRepositoryObject = Object<api::GitRepositorySpec>;
/// An `ImageRegistry` under review.
pub type ImageRegistryObject = Object<api::registry::ImageRegistrySpec>;
/// An `ImageRegistryAccount` under review.
pub type ImageRegistryAccountObject = Object<api::registry::ImageRegistryAccountSpec>;
/// An `ImagePushSecret` under review.
pub type ImagePushSecretObject = Object<api::registry::ImagePushSecretSpec>;
/// An `ImagePullSecret` under review.
pub type ImagePullSecretObject = Object<api::registry::ImagePullSecretSpec>;
/// An `ImageBuildEnv` under review.
pub type ImageBuildEnvObject = Object<api::registry::ImageBuildEnvSpec>;
/// A `RegistryCache` under review.
pub type RegistryCacheObject = Object<api::cache::RegistryCacheSpec>;

/// A Shoot of Gardener under review.
pub type ShootObject = Object<api::gardener::ShootSpec>;

/// An object, of which its metadata alone are of interest.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
pub struct MetadataObject {
    #[serde(default)]
    pub(crate) metadata: Meta,
}

/// How many replicas somebody asks for, by the subresource `scale`.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
pub struct ScaleObject {
    #[serde(default)]
    pub(crate) spec: ScaleSpec,
}

/// See [`ScaleObject`].
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
pub(crate) struct ScaleSpec {
    #[serde(default)]
    pub(crate) replicas: i32,
}

/// An object under review: a custom resource with the specification `S`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
pub struct Object<S> {
    #[serde(default)]
    pub(crate) metadata: Meta,
    #[serde(default)]
    pub(crate) spec: Option<S>,
}

/// The metadata that the rules look at.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Meta {
    /// The name, empty while the API server still has to generate one.
    #[serde(default)]
    pub(crate) name: String,
    /// The prefix to generate a name from.
    #[serde(default)]
    pub(crate) generate_name: String,
    /// The namespace, if the object is in one and says so.
    pub(crate) namespace: Option<String>,
    pub(crate) labels: Option<BTreeMap<String, String>>,
    /// The annotations that a rule looks at.
    pub(crate) annotations: Option<Annotations>,
    /// Present on an object that waits for its finalizers.
    deletion_timestamp: Option<Present>,
}

/// The annotations that a rule looks at. All others are skipped: they may be as large as the object.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
pub(crate) struct Annotations {
    /// How often the Git remote of a Function is asked.
    #[serde(rename = "serverless.kyma-project.io/gitPollInterval")]
    pub(crate) git_poll_interval: Option<String>,
    /// Any new value rebuilds the image of a Function.
    #[serde(rename = "serverless.kyma-project.io/rebuild")]
    pub(crate) rebuild: Option<String>,
    /// The namespace that an object was copied from.
    #[serde(rename = "serverless.kyma-project.io/copied-from")]
    pub(crate) copied_from: Option<String>,
    /// The caches that use a Secret with the credentials of an upstream.
    #[serde(rename = "serverless.kyma-project.io/used-by-caches")]
    pub(crate) used_by_caches: Option<String>,
    /// The hash of the files for nodes in a Secret.
    #[serde(rename = "serverless.kyma-project.io/container-registries-hash")]
    pub(crate) registries_hash: Option<String>,
}

impl<S: PartialEq> Object<S> {
    /// Whether an UPDATE leaves alone what the rules look at, so that tightening the configuration never blocks writes of
    /// status, finalizers or labels of objects that exist.
    pub(crate) fn is_untouched_since(&self, old: Option<&Self>, labels: &[&str]) -> bool {
        old.is_some_and(|old| {
            self.spec == old.spec
                && self.metadata.name == old.metadata.name
                && labels.iter().all(|key| self.metadata.label(key) == old.metadata.label(key))
        })
    }
}

impl Meta {
    /// The value of a label; `None` if there is no such label.
    #[must_use]
    pub(crate) fn label(&self, key: &str) -> Option<&str> {
        self.labels.as_ref()?.get(key).map(String::as_str)
    }

    /// An annotation that a rule looks at; `None` if there is no such annotation.
    #[must_use]
    pub(crate) fn annotation(&self, of: impl FnOnce(&Annotations) -> &Option<String>) -> Option<&str> {
        self.annotations.as_ref().and_then(|annotations| of(annotations).as_deref())
    }

    /// The name, or the prefix from which the API server generates one.
    #[must_use]
    pub(crate) fn display_name(&self) -> &str {
        if self.name.is_empty() { &self.generate_name } else { &self.name }
    }

    /// Whether the object waits for its finalizers.
    #[must_use]
    pub(crate) fn is_being_deleted(&self) -> bool {
        self.deletion_timestamp.is_some()
    }
}

/// Any value but null.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Present;

impl<'de> Deserialize<'de> for Present {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}
