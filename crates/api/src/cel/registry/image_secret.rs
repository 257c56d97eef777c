//! Rules of an `ImagePushSecret` and an `ImagePullSecret`.

use kube::core::cel::Rule;

use super::shared::{is_duration, lasts, name_length};
use crate::cel::{forbidden, required, rule};
use crate::names::registry::Access;
use crate::names::registry_secret;
use crate::registry::must;

/// The length of `metadata.name` of an `ImagePushSecret` or `ImagePullSecret`.
pub(crate) fn image_secret_name_length(access: Access) -> Rule {
    name_length(must::image_secret_name_max(access), &must::image_secret_name_length(access))
}

/// `spec.registryRef.name`.
pub(crate) fn registry_ref_name() -> Rule {
    rule("self.matches('^[a-z]([-a-z0-9]{0,47}[a-z0-9])?$')", must::REGISTRY_REF)
}

/// `spec.registryRef.namespace`.
pub(crate) fn namespace() -> Rule {
    rule("self.matches('^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$')", must::NAMESPACE)
}

/// `spec.rotationInterval`.
pub(crate) fn rotation_interval() -> Rule {
    rule(&lasts("self", must::ROTATION_INTERVAL_SECONDS), must::ROTATION_INTERVAL)
}

/// `spec.overlap`.
pub(crate) fn overlap() -> Rule {
    rule(&lasts("self", must::OVERLAP_SECONDS), must::OVERLAP)
}

/// `spec` of an `ImagePushSecret` or `ImagePullSecret`.
pub(crate) fn overlap_needs_an_interval() -> Rule {
    required("!has(self.overlap) || has(self.rotationInterval)", must::OVERLAP_WITHOUT_INTERVAL)
        .field_path(".rotationInterval")
}

/// `spec` of an `ImagePushSecret` or `ImagePullSecret`.
pub(crate) fn overlap_is_half_at_most() -> Rule {
    let (overlap, interval) = ("self.overlap", "self.rotationInterval");
    let are_durations = format!("{} && {}", is_duration(overlap), is_duration(interval));
    let fits = format!("duration({overlap}) + duration({overlap}) <= duration({interval})");
    let expression = format!("!has({overlap}) || !has({interval}) || !({are_durations}) || {fits}");
    rule(&expression, must::OVERLAP_HALF).field_path(".overlap")
}

/// `spec.secretName`.
pub(crate) fn secret_is_not_of_functions() -> Rule {
    let names = registry_secret::USED.map(|name| format!("'{name}'")).join(", ");
    forbidden(&format!("!(self in [{names}])"), must::SECRET_IS_OF_FUNCTIONS)
}

/// `spec` of an `ImagePushSecret`.
pub(crate) fn functions_name_the_secret() -> Rule {
    forbidden(
        "!has(self.forFunctions) || !self.forFunctions || !has(self.secretName)",
        must::SECRET_OF_FUNCTIONS,
    )
    .field_path(".secretName")
}
