//! Why a cache is not as it should be.

use api::cache::CacheReason;
use policy::registry_caches::Collision;

use crate::Kind;

/// A reason with its sentence.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    /// The word for programs.
    pub reason: CacheReason,
    /// The sentence for people.
    pub message: String,
}

impl Problem {
    /// Another cache has the same names.
    #[must_use]
    pub fn collision(other: &str, collision: &Collision) -> Self {
        let message = match collision {
            Collision::Objects(name) => format!(
                "RegistryCache {other} is older, and its objects have the same name, {name}: delete one of the two"
            ),
            Collision::Service(name) => format!(
                "RegistryCache {other} is older, and its Service has the same name, {name}: change spec.serviceNameSuffix of one of the two"
            ),
        };
        Self { reason: CacheReason::NameCollision, message }
    }

    /// An object of somebody else has a name that the cache needs.
    #[must_use]
    pub fn taken(kind: Kind, name: &str) -> Self {
        let message = format!(
            "{kind} {name} exists and does not belong to this RegistryCache: delete it, or rename it"
        );
        Self { reason: CacheReason::NameConflict, message }
    }

    /// The API server refuses an object.
    #[must_use]
    pub fn refused(kind: Kind, name: &str, why: &str) -> Self {
        Self { reason: CacheReason::FailedSync, message: format!("{kind} {name} was refused: {why}") }
    }

    /// There is no authority of the upstream in the Secret that should hold it.
    #[must_use]
    pub fn remote_ca(secret: &str) -> Self {
        let message = format!(
            "Secret {secret} must hold the authority of the upstream in ca.crt, in PEM: remoteCA.secretName refers to it"
        );
        Self { reason: CacheReason::CertificateMissing, message }
    }
}
