//! The words in the conditions of the kinds of registries.

use crate::condition::words;

words! {
    /// What is judged of the kinds of registries: `Ready` is the summary, and `Synced` says whether all objects of a registry
    /// are written.
    RegistryConditionType { Ready, Synced }
}

words! {
    /// Why a condition of the kinds of registries has its status.
    RegistryReason {
        Synced, Updating, FailedSync, FailedUpdate, CertificateMissing, AuthConfigInvalid,
        RegistryUnavailable, NotAllowed, NameConflict,
        MissingSecret, InvalidSecret, Pending,
    }
}
