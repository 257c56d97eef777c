//! Conditions and their reasons.

/// The stages of a Function.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Source and prerequisites are in place.
    ConfigurationReady,
    /// The image is built.
    BuildReady,
    /// The Function serves.
    Running,
}

impl Kind {
    /// As it stands in the status.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ConfigurationReady => "ConfigurationReady",
            Self::BuildReady => "BuildReady",
            Self::Running => "Running",
        }
    }

    /// The place among the conditions.
    pub(super) fn order(kind: &str) -> usize {
        let kinds = [Self::ConfigurationReady, Self::BuildReady, Self::Running];
        kinds.iter().position(|known| known.as_str() == kind).unwrap_or(kinds.len())
    }
}

macro_rules! reasons {
    ($($name:ident),+ $(,)?) => {
        /// Why a condition is as it is.
        #[allow(missing_docs, reason = "the words of the status, explained in the documents of Functions")]
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub enum Reason { $($name),+ }

        impl Reason {
            /// As it stands in the status.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),+ }
            }

            /// From the status.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                [$(Self::$name),+].into_iter().find(|known| known.as_str() == text)
            }
        }
    };
}

reasons! {
    ConfigMapCreated, ConfigMapUpdated, SourceUpdated, SourceUpdateFailed, GitRepositoryMissing, GitCredentialsInvalid, RegistryConfigMissing, RuntimeMissing, NameConflict, InternalError,
    JobCreated, JobUpdated, JobRunning, JobFinished, JobFailed, BuildQueued,
    DeploymentCreated, DeploymentUpdated, DeploymentFailed, DeploymentWaiting, DeploymentReady,
    ServiceCreated, ServiceUpdated, HorizontalPodAutoscalerCreated, HorizontalPodAutoscalerUpdated,
}
