//! The rules of an `ImageRegistryAccount`. No text here ever holds a password or its hash.

pub mod bcrypt;

use api::names::registry::{SERVICE_ACCOUNT_USER, account_label};
use api::registry::{ImageRegistryAccountSpec, PasswordHash, must};

use crate::decision::Decision;
use crate::object::ImageRegistryAccountObject;
use crate::registry_fields as fields;
use crate::rule::Rule;
use crate::violation::{Value, Violation, Violations};
use bcrypt::BcryptError;

/// What is wrong with an `ImageRegistryAccount`, on CREATE and UPDATE; `old` is the object before the UPDATE.
#[must_use]
pub fn validate(new: &ImageRegistryAccountObject, old: Option<&ImageRegistryAccountObject>) -> Decision {
    if new.is_untouched_since(old, &[]) {
        return Decision::allowed();
    }
    let mut violations = Vec::new();
    if old.is_none() && new.metadata.name == SERVICE_ACCOUNT_USER {
        let (rule, name) = (Rule::AccountNameReserved, SERVICE_ACCOUNT_USER);
        violations.push(Violation::invalid(rule, "metadata.name", name, must::ACCOUNT_NAME));
    }
    let Some(spec) = &new.spec else {
        violations.push(Violation::required(Rule::SchemaRequired, "spec", ""));
        return Decision::of(violations);
    };
    check_passwords(spec, &mut violations);
    if account_label::RESERVED
        .iter()
        .any(|key| spec.labels.as_ref().is_some_and(|all| all.contains_key(*key)))
    {
        let rule = Rule::AccountLabelReserved;
        violations.push(Violation::forbidden(rule, "spec.labels", must::ACCOUNT_LABELS));
    }
    let bounds = (must::ACCOUNT_TTL_SECONDS, must::ACCOUNT_TTL);
    fields::duration(Rule::AccountTtl, "spec.ttl", spec.ttl.as_deref(), bounds, &mut violations);
    Decision::of(violations)
}

fn check_passwords(spec: &ImageRegistryAccountSpec, violations: &mut Violations) {
    const FIELD: &str = "spec.password";
    if let Some(password) = &spec.password {
        check_hash(FIELD, password, violations);
    }
    let passwords = spec.password_hashes.as_deref().unwrap_or_default();
    if spec.password.is_some() && spec.password_hashes.is_some() {
        violations.push(Violation::forbidden(Rule::AccountPasswordForms, FIELD, must::ONE_PASSWORD));
    } else if spec.password.is_none() && passwords.is_empty() {
        violations.push(Violation::required(Rule::AccountPasswordMissing, FIELD, must::PASSWORD));
    }
    for (index, password) in passwords.iter().enumerate() {
        check_hash(&format!("spec.passwordHashes[{index}].hash"), &password.hash, violations);
    }
    if passwords.len() > must::PASSWORDS_MAX {
        violations.push(Violation::too_many("spec.passwordHashes", passwords.len(), must::PASSWORDS_MAX));
    }
}

fn check_hash(field: &str, hash: &PasswordHash, violations: &mut Violations) {
    if let Err(error) = bcrypt::parse(&hash.0) {
        let rule = match error {
            BcryptError::PlainText => Rule::AccountPasswordPlain,
            BcryptError::Cost => Rule::AccountPasswordCost,
            BcryptError::Version | BcryptError::Length | BcryptError::Character => Rule::AccountPasswordHash,
        };
        violations.push(Violation::invalid(rule, field, Value::Withheld, error.to_string()));
    }
}

#[cfg(test)]
mod tests;
