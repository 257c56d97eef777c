//! Rules of an `ImageRegistryAccount`. Those of passwords are attached to the object that holds them: for a rule on the
//! text itself, the API server would show it.

use kube::core::cel::Rule;

use super::shared::{lasts, name_rule};
use crate::cel::{forbidden, required, rule};
use crate::names::registry::{SERVICE_ACCOUNT_USER, account_label};
use crate::registry::must;

/// `metadata.name` of an `ImageRegistryAccount`.
pub(crate) fn account_name() -> Rule {
    name_rule(&format!("self.metadata.name != '{SERVICE_ACCOUNT_USER}'"), must::ACCOUNT_NAME)
}

/// `spec` of an `ImageRegistryAccount`.
pub(crate) fn has_password() -> Rule {
    let expression = "has(self.password) || (has(self.passwordHashes) && size(self.passwordHashes) > 0)";
    required(expression, must::PASSWORD).field_path(".password")
}

/// `spec` of an `ImageRegistryAccount`.
pub(crate) fn one_form_of_password() -> Rule {
    forbidden("!has(self.password) || !has(self.passwordHashes)", must::ONE_PASSWORD).field_path(".password")
}

/// True of a bcrypt hash that verifiers accept: the last characters of salt and hash have unused bits, which are 0.
fn is_hash(text: &str) -> String {
    let digit = "[./A-Za-z0-9]";
    format!(
        "{text}.matches('^[$]2[aby][$](0[4-9]|1[0-4])[$]{digit}{{21}}[.Oeu]{digit}{{30}}[.CGKOSWaeimquy26]$')"
    )
}

/// `spec` of an `ImageRegistryAccount`.
pub(crate) fn password() -> Rule {
    rule(&format!("!has(self.password) || {}", is_hash("self.password")), must::PASSWORD_HASH)
        .field_path(".password")
}

/// An entry of `spec.passwordHashes`.
pub(crate) fn live_password() -> Rule {
    rule(&is_hash("self.hash"), must::PASSWORD_HASH).field_path(".hash")
}

/// `spec.labels` of an `ImageRegistryAccount`.
pub(crate) fn account_labels_not_reserved() -> Rule {
    let keys = account_label::RESERVED.map(|key| format!("'{key}'")).join(", ");
    forbidden(&format!("![{keys}].exists(key, key in self)"), must::ACCOUNT_LABELS)
}

/// `spec.ttl` of an `ImageRegistryAccount`.
pub(crate) fn account_ttl() -> Rule {
    rule(&lasts("self", must::ACCOUNT_TTL_SECONDS), must::ACCOUNT_TTL)
}
