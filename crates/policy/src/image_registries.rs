//! The rules of an `ImageRegistry`: what is filled in, and what is wrong with it.

mod auth;
mod storage;

use api::registry::must;

use crate::compute_resources;
use crate::decision::Decision;
use crate::object::{ImageRegistryObject, Meta};
use crate::registry_fields as fields;
use crate::rule::Rule;
use crate::syntax;
use crate::violation::{Violation, Violations};

pub use storage::default;

/// What is wrong with an `ImageRegistry`, on CREATE and UPDATE; `old` is the object before the UPDATE.
#[must_use]
pub fn validate(new: &ImageRegistryObject, old: Option<&ImageRegistryObject>) -> Decision {
    if new.is_untouched_since(old, &[]) {
        return Decision::allowed();
    }
    let mut violations = Vec::new();
    // An object that exists can be changed, whatever its name is.
    if old.is_none() {
        check_name(&new.metadata, &mut violations);
    }
    let Some(spec) = &new.spec else {
        violations.push(Violation::required(Rule::SchemaRequired, "spec", ""));
        return Decision::of(violations);
    };
    storage::check(spec, old.and_then(|old| old.spec.as_ref()), &mut violations);
    fields::certificate("spec.tls", spec.tls.as_ref(), &mut violations);
    auth::check(spec.auth.as_ref(), &mut violations);
    compute_resources::check("spec.resources", spec.resources.as_ref(), &mut violations);
    let ttl = spec.token_ttl.as_ref();
    let bounds = (must::TOKEN_TTL_SECONDS, must::TOKEN_TTL);
    for (field, text) in [
        ("spec.tokenTTL.pull", ttl.and_then(|ttl| ttl.pull.as_deref())),
        ("spec.tokenTTL.push", ttl.and_then(|ttl| ttl.push.as_deref())),
    ] {
        fields::duration(Rule::TokenTtl, field, text, bounds, &mut violations);
    }
    Decision::of(violations)
}

/// The name is that of a Service and of a `StatefulSet`, and a part of the hostname.
fn check_name(meta: &Meta, violations: &mut Violations) {
    let (field, text, length) = fields::name(meta);
    let judged =
        if meta.name.is_empty() { syntax::dns_1035_prefix(text) } else { syntax::dns_1035_label(text) };
    if length > 0 && judged.is_err() {
        let name = Rule::ImageRegistryName;
        violations.push(Violation::invalid(name, field, text, must::REGISTRY_NAME));
    }
    let (rule, longest) = (Rule::ImageRegistryNameLength, must::REGISTRY_NAME_MAX);
    fields::name_length(meta, rule, longest, must::REGISTRY_NAME_LENGTH, violations);
}

#[cfg(test)]
mod tests;
