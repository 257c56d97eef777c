//! A Function as decisions see it, independent of the version of the API. Each version has a converter.

mod v1alpha1;

use std::collections::BTreeMap;

use api::{Condition, ConditionType, EnvVar, Resources};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::names::Identity;
use crate::status;

/// A Function that an API server has stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Its identity.
    pub identity: Identity,
    /// Its metadata.
    pub metadata: ObjectMeta,
    /// Where its code is.
    pub source: Source,
    /// The runtime that it requests; blank if none.
    pub runtime: String,
    /// The environment variables that its author sets.
    pub env: Vec<EnvVar>,
    /// Compute resources of each Pod.
    pub resources: Option<Resources>,
    /// Compute resources of the Job that builds the image.
    pub build_resources: Option<Resources>,
    /// The least number of Pods.
    pub min_replicas: Option<i32>,
    /// The greatest number of Pods.
    pub max_replicas: Option<i32>,
    /// Labels of the Pods.
    pub pod_labels: BTreeMap<String, String>,
    /// Its observed status.
    pub status: Status,
}

/// Where the code of a Function is.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// In the Function.
    Inline {
        /// The code.
        code: String,
        /// The dependencies; `None` and blank mean none.
        dependencies: Option<String>,
    },
    /// In a Git repository.
    Git {
        /// The `GitRepository`, of the same namespace.
        repository: String,
        /// The branch, tag or commit.
        reference: Option<String>,
        /// The directory that holds the Function.
        base_dir: Option<String>,
    },
}

impl Source {
    /// The code, or the name of the repository: the status records it as what was built.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Inline { code, .. } => code,
            Self::Git { repository, .. } => repository,
        }
    }

    /// The branch, tag or commit, if one is set.
    #[must_use]
    pub fn reference(&self) -> Option<&str> {
        match self {
            Self::Inline { .. } => None,
            Self::Git { reference, .. } => reference.as_deref(),
        }
    }

    /// Whether it is in a Git repository.
    #[must_use]
    pub fn is_git(&self) -> bool {
        matches!(self, Self::Git { .. })
    }
}

impl Function {
    /// An annotation.
    #[must_use]
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.metadata.annotations.as_ref()?.get(key).map(String::as_str)
    }
}

/// The observed status of a Function.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Status {
    /// Its conditions.
    pub conditions: Vec<Condition>,
    /// The code, or the name of the repository, that was built.
    pub source: Option<String>,
    /// The runtime of the image that was built.
    pub runtime: Option<String>,
    /// The branch, tag or commit that was requested for the build.
    pub reference: Option<String>,
    /// The directory of the repository that was built.
    pub base_dir: Option<String>,
    /// The commit that was built.
    pub commit: Option<String>,
    /// The image that runs.
    pub image: Option<String>,
    /// Its address in the cluster.
    pub url: Option<String>,
    /// The number of its Pods.
    pub replicas: Option<i32>,
}

impl Status {
    /// Whether the latest version of the Function runs.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        status::Status::condition(self, ConditionType::Ready)
            .is_some_and(|condition| condition.status == "True")
    }
}

impl status::Status for Status {
    const STAGES: &[ConditionType] =
        &[ConditionType::ConfigurationReady, ConditionType::BuildReady, ConditionType::Running];

    fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    fn conditions_mut(&mut self) -> &mut Vec<Condition> {
        &mut self.conditions
    }
}
