//! Rules of an `ImageRegistry`.

use kube::core::cel::Rule;

use super::shared::{lasts, name_length, name_rule};
use crate::cel::{forbidden, required, rule};
use crate::registry::must;

/// `metadata.name` of an `ImageRegistry`.
pub(crate) fn registry_name() -> Rule {
    name_rule("self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')", must::REGISTRY_NAME)
}

/// The length of `metadata.name` of an `ImageRegistry`.
pub(crate) fn registry_name_length() -> Rule {
    name_length(must::REGISTRY_NAME_MAX, must::REGISTRY_NAME_LENGTH)
}

/// Guard for rules on `spec`: the images are in a bucket.
const IN_BUCKET: &str = "(has(self.storage) && has(self.storage.s3))";

/// `spec` of an `ImageRegistry`.
pub(crate) fn has_storage() -> Rule {
    required(&format!("has(self.persistentVolumeClaim) || {IN_BUCKET}"), must::VOLUME)
        .field_path(".persistentVolumeClaim")
}

/// `spec` of an `ImageRegistry`.
pub(crate) fn one_storage() -> Rule {
    forbidden(&format!("!has(self.persistentVolumeClaim) || !{IN_BUCKET}"), must::NO_VOLUME)
        .field_path(".persistentVolumeClaim")
}

/// `spec` of an `ImageRegistry`.
pub(crate) fn many_replicas_share_a_volume() -> Rule {
    let shared = "(has(self.persistentVolumeClaim.accessModes) && 'ReadWriteMany' in self.persistentVolumeClaim.accessModes)";
    let expression = format!(
        "!has(self.replicas) || self.replicas <= 1 || !has(self.persistentVolumeClaim) || {shared} || {IN_BUCKET}"
    );
    rule(&expression, must::SHARED_VOLUME).field_path(".persistentVolumeClaim.accessModes")
}

/// `spec.persistentVolumeClaim` before and after an update.
pub(crate) fn storage_class_stays() -> Rule {
    // The equality of optional values would cost more than a rule may.
    rule(
        "has(self.storageClassName) == has(oldSelf.storageClassName) && (!has(self.storageClassName) || self.storageClassName == oldSelf.storageClassName)",
        must::STORAGE_CLASS_STAYS,
    )
    .field_path(".storageClassName")
}

/// `spec.persistentVolumeClaim` before and after an update.
pub(crate) fn access_modes_stay() -> Rule {
    rule(
        "!has(oldSelf.accessModes) || (has(self.accessModes) && self.accessModes == oldSelf.accessModes)",
        must::ACCESS_MODES_STAY,
    )
    .field_path(".accessModes")
}

/// The size of a volume, as text.
fn size(of: &str) -> String {
    format!("string({of}.resources.requests['storage'])")
}

/// True of a volume with a size.
fn has_size(of: &str) -> String {
    format!("(has({of}.resources) && has({of}.resources.requests) && 'storage' in {of}.resources.requests)")
}

/// `spec.persistentVolumeClaim`.
pub(crate) fn volume_has_a_size() -> Rule {
    required(&has_size("self"), must::VOLUME_SIZE).field_path(".resources")
}

/// `spec.persistentVolumeClaim`.
pub(crate) fn volume_size_is_positive() -> Rule {
    let size = size("self");
    let expression = format!(
        "!{} || !isQuantity({size}) || quantity({size}).isGreaterThan(quantity('0'))",
        has_size("self")
    );
    rule(&expression, must::VOLUME_SIZE_POSITIVE).field_path(".resources")
}

/// `spec.persistentVolumeClaim` before and after an update.
pub(crate) fn volume_does_not_shrink() -> Rule {
    let (new, old) = (size("self"), size("oldSelf"));
    let both = format!("{} && {}", has_size("self"), has_size("oldSelf"));
    let expression = format!(
        "!({both}) || !isQuantity({new}) || !isQuantity({old}) || !quantity({new}).isLessThan(quantity({old}))"
    );
    rule(&expression, must::VOLUME_GROWS).field_path(".resources")
}

/// `spec.storage.s3`.
pub(crate) fn bucket() -> Rule {
    rule(
        "self.bucket.matches('^[a-z0-9][-.a-z0-9]{1,61}[a-z0-9]$') && !self.bucket.contains('..')",
        must::BUCKET,
    )
    .field_path(".bucket")
}

/// `spec.storage.s3`: for a rule on the address itself, the API server would show it, and it may hold a password.
pub(crate) fn s3_endpoint() -> Rule {
    rule(
        r"!has(self.endpoint) || self.endpoint.matches('^https?://[-.a-zA-Z0-9]+(:[0-9]{1,5})?/?$')",
        must::S3_ENDPOINT,
    )
    .field_path(".endpoint")
}

/// `spec.auth`.
pub(crate) fn one_acl() -> Rule {
    forbidden("!has(self.configMapName) || !has(self.policy)", must::ONE_ACL).field_path(".policy")
}

/// A duration in `spec.tokenTTL`.
pub(crate) fn token_ttl() -> Rule {
    rule(&lasts("self", must::TOKEN_TTL_SECONDS), must::TOKEN_TTL)
}
