//! Why a registry is not as it should be.

use api::registry::RegistryReason;

use crate::Kind;

/// A reason with its sentence.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    /// The word for programs.
    pub reason: RegistryReason,
    /// The sentence for people.
    pub message: String,
}

impl Problem {
    /// An object of somebody else has a name that the registry needs.
    #[must_use]
    pub fn taken(kind: Kind, name: &str) -> Self {
        let message = format!(
            "{kind} {name} exists and does not belong to this ImageRegistry: delete it, or give the ImageRegistry another name"
        );
        Self { reason: RegistryReason::NameConflict, message }
    }

    /// A Secret of somebody else has the name of the authority of the installation.
    #[must_use]
    pub fn foreign_root(name: &str) -> Self {
        let message = format!(
            "Secret {name} in the namespace of the controller was not made by it, so no certificate can be signed: an administrator of the installation has to look"
        );
        Self { reason: RegistryReason::NameConflict, message }
    }

    /// The API server refuses an object.
    #[must_use]
    pub fn refused(kind: Kind, name: &str, why: &str) -> Self {
        let message = format!("{kind} {name} was refused: {why}");
        Self { reason: RegistryReason::FailedSync, message }
    }

    /// A certificate is missing.
    #[must_use]
    pub fn certificate(message: String) -> Self {
        Self { reason: RegistryReason::CertificateMissing, message }
    }
}
