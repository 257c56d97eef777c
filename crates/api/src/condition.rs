//! Conditions: what the status of an object reports about each stage, and why.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One thing that is judged of an object, or the summary of all.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// What is judged. `Ready` is the summary.
    #[serde(rename = "type")]
    pub kind: String,
    /// `True`, `False`, or `Unknown` while work goes on.
    #[schemars(extend("enum" = ["True", "False", "Unknown"]))]
    pub status: String,
    /// When `status` last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_transition_time: Option<Time>,
    /// A word for programs that says why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// A sentence for people that says why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The generation of the object that was judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
}

/// Declares an enum of words of a status.
macro_rules! words {
    ($(#[$doc:meta])* $enum:ident { $($name:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[allow(missing_docs, reason = "the words of the status, explained in the documents")]
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub enum $enum { $($name),+ }

        impl $enum {
            /// All values, in order.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The word in the status.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),+ }
            }

            /// The value that a word in a status stands for.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.as_str() == text)
            }
        }
    };
}

pub(crate) use words;

words! {
    /// The stages of a Function, in order: source and prerequisites are in place, the image is built, the Function serves.
    /// `Ready` is the summary of them.
    ConditionType { ConfigurationReady, BuildReady, Running, Ready }
}

words! {
    /// Why a condition has its status.
    Reason {
        ConfigMapCreated, ConfigMapUpdated, SourceUpdated, SourceUpdateFailed, GitRepositoryMissing,
        GitCredentialsInvalid, RegistryConfigMissing, RuntimeMissing, NameConflict, InternalError,
        JobCreated, JobUpdated, JobRunning, JobFinished, JobFailed, BuildQueued,
        DeploymentCreated, DeploymentUpdated, DeploymentFailed, DeploymentWaiting, DeploymentReady,
        ServiceCreated, ServiceUpdated, HorizontalPodAutoscalerCreated, HorizontalPodAutoscalerUpdated,
    }
}
