//! A Function as decisions see it, whatever version of the API it came in. Each version has a converter.

mod v1alpha1;

use std::collections::BTreeMap;

use api::{Condition, ConditionType, EnvVar, Resources};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::names::Identity;
use crate::status;

/// A Function that an API server has stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Who it is.
    pub identity: Identity,
    /// What the API server and others say of it.
    pub metadata: ObjectMeta,
    /// Where its code is.
    pub source: Source,
    /// The runtime that it asks for; blank if it asks for none.
    pub runtime: String,
    /// The variables of the environment that its author sets.
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
    /// What was observed of it.
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
    /// The code, or the name of the repository: by which the status says what was built.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Inline { code, .. } => code,
            Self::Git { repository, .. } => repository,
        }
    }

    /// The branch, tag or commit, if there is one to ask for.
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

/// What was observed of a Function.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Status {
    /// Its stages.
    pub conditions: Vec<Condition>,
    /// The code, or the name of the repository, that was built.
    pub source: Option<String>,
    /// The runtime that was built for.
    pub runtime: Option<String>,
    /// The branch, tag or commit that was asked for when it was built.
    pub reference: Option<String>,
    /// The directory of the repository that was built.
    pub base_dir: Option<String>,
    /// The commit that was built.
    pub commit: Option<String>,
    /// The image that runs.
    pub image: Option<String>,
    /// Where the cluster calls it.
    pub url: Option<String>,
    /// The number of its Pods.
    pub replicas: Option<i32>,
}

impl Status {
    /// Whether the Function runs as it was asked for last.
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
