//! What the reconcilers of Secrets have in common.

use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::LazyLock;

use k8s_openapi::api::core::v1::Secret;

/// A field selector that excludes types with many Secrets that hold no Git or registry credentials.
pub(crate) const OTHER_TYPES: &str =
    "type!=helm.sh/release.v1,type!=kubernetes.io/service-account-token,type!=bootstrap.kubernetes.io/token";

static SEED: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// Detects whether the data of a Secret change. The hash has a random key, so nobody outside of this process can guess
/// data from it.
pub(crate) fn fingerprint(secret: &Secret) -> u64 {
    let data = secret.data.iter().flatten().map(|(key, value)| (key, &value.0));
    fingerprint_of(&data.collect::<Vec<_>>())
}

/// Detects whether anything changes, as [`fingerprint`] does.
pub(crate) fn fingerprint_of(parts: &impl Hash) -> u64 {
    SEED.hash_one(parts)
}
