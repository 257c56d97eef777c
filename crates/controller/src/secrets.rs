//! What reconcilers have in common that look at Secrets.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::LazyLock;

use k8s_openapi::api::core::v1::Secret;

/// Types of Secrets of which there are many, and which hold no credentials of Git or of registries: a selector of fields.
pub(crate) const OTHER_TYPES: &str =
    "type!=helm.sh/release.v1,type!=kubernetes.io/service-account-token,type!=bootstrap.kubernetes.io/token";

static SEED: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// By what it is seen whether the data of a Secret change. No hash that can be guessed at outside of this process.
pub(crate) fn fingerprint(secret: &Secret) -> u64 {
    let data = secret.data.iter().flatten().map(|(key, value)| (key, &value.0));
    SEED.hash_one(data.collect::<Vec<_>>())
}
