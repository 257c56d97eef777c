//! What the rules of the kinds of registries share: names, references, certificates and durations.

use kube::core::cel::Rule;

use crate::cel::{SUBDOMAIN, forbidden, is_subdomain, rule};
use crate::registry::must;

/// A field that names an object.
pub(crate) fn object_name() -> Rule {
    rule(&is_subdomain("self"), SUBDOMAIN)
}

/// `CertificateSource`.
pub(crate) fn one_source_of_a_certificate() -> Rule {
    forbidden("!has(self.issuerRef) || !has(self.secretName)", must::ONE_CERTIFICATE)
        .field_path(".secretName")
}

/// True of a text that is a duration.
pub(super) fn is_duration(text: &str) -> String {
    format!("{text}.matches('{}')", must::DURATION)
}

/// True of a duration within bounds, in seconds.
pub(super) fn lasts(text: &str, [least, most]: [u64; 2]) -> String {
    format!(
        "({} && duration({text}) >= duration('{least}s') && duration({text}) <= duration('{most}s'))",
        is_duration(text)
    )
}

/// A rule for a name, on creation only: an existing object can still be changed and deleted.
pub(super) fn name_rule(expression: &str, message: &str) -> Rule {
    rule(&format!("oldSelf.hasValue() || {expression}"), message)
        .field_path(".metadata.name")
        .optional_old_self(true)
}

/// The length of `metadata.name`, from which the name `derived` is made.
pub(super) fn name_length(longest: usize, message: &str) -> Rule {
    name_rule(&format!("self.metadata.name.size() <= {longest}"), message)
}
