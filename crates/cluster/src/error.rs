//! Why something is not read or written.

use decide::Kind;

/// Why something is not read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The API server cannot be reached, or is not able to.
    #[error(transparent)]
    Api(#[from] kube::Error),
    /// The API server does not take an object, and will not until something changes.
    #[error("{kind} {name} was refused: {message}")]
    Refused {
        /// The kind of the object.
        kind: Kind,
        /// The name of the object.
        name: String,
        /// Why, in the words of the API server.
        message: String,
    },
    /// The name is that of an object of somebody else.
    #[error("{kind} {name} exists already")]
    Taken {
        /// The kind of the object.
        kind: Kind,
        /// The name of the object.
        name: String,
    },
    /// Another process leads.
    #[error("this process no longer leads")]
    Deposed,
    /// This program has failed on an object. The log says where.
    #[error("the controller failed on it: the log says where it panicked")]
    Panicked,
}

impl Error {
    /// What is not the JSON that it should be.
    #[must_use]
    pub fn of_json(error: serde_json::Error) -> Self {
        kube::Error::SerdeError(error).into()
    }

    /// The word for metrics.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Api(kube::Error::Api(status)) if status.is_conflict() => "conflict",
            Self::Api(kube::Error::Api(_)) => "api",
            Self::Api(_) => "connection",
            Self::Refused { .. } => "refused",
            Self::Taken { .. } => "taken",
            Self::Deposed => "deposed",
            Self::Panicked => "panic",
        }
    }

    /// Whether the object is not there.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Api(kube::Error::Api(status)) if status.is_not_found())
    }

    pub(crate) fn is_already_exists(&self) -> bool {
        matches!(self, Self::Api(kube::Error::Api(status)) if status.is_already_exists())
    }

    pub(crate) fn is_conflict(&self) -> bool {
        matches!(self, Self::Api(kube::Error::Api(status)) if status.is_conflict())
    }
}
