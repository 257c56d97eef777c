//! The words in the conditions of a `RegistryCache`.

use crate::condition::words;

words! {
    /// What is judged of a cache: `Ready` is whether it serves pulls, `CredentialsValid` whether the upstream accepts its
    /// credentials, and `Serving` whether it gets images from the upstream.
    CacheConditionType { Ready, CredentialsValid, Serving }
}

words! {
    /// Why a condition of a cache has its status.
    CacheReason {
        Running, Updating, Hibernated, FailedSync, NameCollision, NameConflict, CertificateMissing,
        CredentialsProven, Anonymous, CredentialsInvalid, CredentialsMissing, CredentialsUnproven,
        RateLimited, UpstreamUnreachable,
    }
}
