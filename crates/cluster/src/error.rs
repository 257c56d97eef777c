//! Why a read or write failed.

use decide::Kind;

/// Why a read or write failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The API server cannot be reached, or fails.
    #[error(transparent)]
    Api(#[from] kube::Error),
    /// The API server refuses an object, and will until something changes.
    #[error("{kind} {name} was refused: {message}")]
    Refused {
        /// The kind of the object.
        kind: Kind,
        /// The name of the object.
        name: String,
        /// The reason that the API server gives.
        message: String,
    },
    /// An object of somebody else has the name.
    #[error("{kind} {name} exists already")]
    Taken {
        /// The kind of the object.
        kind: Kind,
        /// The name of the object.
        name: String,
    },
    /// The controller cannot make an object that it should write.
    #[error("{0}")]
    Unmade(String),
    /// Without the time of the API server, nobody knows what has expired.
    #[error("the API server does not tell its time: its answers are late, or have no Date header")]
    NoTime,
    /// Another process is the leader.
    #[error("this process no longer leads")]
    Deposed,
    /// The program panicked while it handled an object. The log shows where.
    #[error("the controller failed on it: the log says where it panicked")]
    Panicked,
}

impl Error {
    /// The error for data that is not the expected JSON.
    #[must_use]
    pub fn of_json(error: serde_json::Error) -> Self {
        kube::Error::SerdeError(error).into()
    }

    /// The label value for metrics.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Api(kube::Error::Api(status)) if status.is_conflict() => "conflict",
            Self::Api(kube::Error::Api(_)) => "api",
            Self::Api(_) | Self::NoTime => "connection",
            Self::Refused { .. } => "refused",
            Self::Taken { .. } => "taken",
            Self::Unmade(_) => "unmade",
            Self::Deposed => "deposed",
            Self::Panicked => "panic",
        }
    }

    /// Whether the object does not exist, or its kind: then the API server answers without a reason.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Api(kube::Error::Api(status)) if status.code == 404)
    }

    /// Whether an object of the name exists.
    #[must_use]
    pub fn is_already_exists(&self) -> bool {
        matches!(self, Self::Api(kube::Error::Api(status)) if status.is_already_exists())
    }

    pub(crate) fn is_conflict(&self) -> bool {
        matches!(self, Self::Api(kube::Error::Api(status)) if status.is_conflict())
    }
}
