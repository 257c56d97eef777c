//! The rules of an `ImagePushSecret` and an `ImagePullSecret`.

use api::names::registry::Access;
use api::names::registry_secret;
use api::registry::{ImagePullSecretSpec, ImagePushSecretSpec, RegistryRef, must};

use crate::decision::Decision;
use crate::object::{ImagePullSecretObject, ImagePushSecretObject, Meta, Object};
use crate::registry_fields as fields;
use crate::rule::Rule;
use crate::syntax;
use crate::violation::{Violation, Violations};

/// What is wrong with an `ImagePushSecret`, on CREATE and UPDATE; `old` is the object before the UPDATE.
#[must_use]
pub fn validate_push(new: &ImagePushSecretObject, old: Option<&ImagePushSecretObject>) -> Decision {
    validate(Access::Push, new, old)
}

/// What is wrong with an `ImagePullSecret`, on CREATE and UPDATE; `old` is the object before the UPDATE.
#[must_use]
pub fn validate_pull(new: &ImagePullSecretObject, old: Option<&ImagePullSecretObject>) -> Decision {
    validate(Access::Pull, new, old)
}

/// What the specifications of both kinds hold.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a> {
    /// The registry; if absent, that of the installation.
    pub registry: Option<&'a RegistryRef>,
    /// How long a password is valid.
    pub interval: Option<&'a str>,
    /// How long two are.
    pub overlap: Option<&'a str>,
    /// The name of the Secret, if it is not derived.
    pub secret: Option<&'a str>,
    /// Whether the Secret is that of Functions.
    pub for_functions: bool,
}

impl<'a> From<&'a ImagePushSecretSpec> for Fields<'a> {
    fn from(spec: &'a ImagePushSecretSpec) -> Self {
        Self {
            registry: spec.registry_ref.as_ref(),
            interval: spec.rotation_interval.as_deref(),
            overlap: spec.overlap.as_deref(),
            secret: spec.secret_name.as_deref(),
            for_functions: spec.for_functions.unwrap_or_default(),
        }
    }
}

impl<'a> From<&'a ImagePullSecretSpec> for Fields<'a> {
    fn from(spec: &'a ImagePullSecretSpec) -> Self {
        Self {
            registry: spec.registry_ref.as_ref(),
            interval: spec.rotation_interval.as_deref(),
            overlap: spec.overlap.as_deref(),
            secret: spec.secret_name.as_deref(),
            for_functions: false,
        }
    }
}

fn validate<S: PartialEq>(access: Access, new: &Object<S>, old: Option<&Object<S>>) -> Decision
where
    for<'a> Fields<'a>: From<&'a S>,
{
    if new.is_untouched_since(old, &[]) {
        return Decision::allowed();
    }
    let mut violations = Vec::new();
    if old.is_none() {
        check_name(access, &new.metadata, &mut violations);
    }
    // Without a specification, the default registry is meant.
    if let Some(spec) = &new.spec {
        check(&Fields::from(spec), &mut violations);
    }
    Decision::of(violations)
}

fn check_name(access: Access, meta: &Meta, violations: &mut Violations) {
    let (longest, must) = (must::image_secret_name_max(access), must::image_secret_name_length(access));
    fields::name_length(meta, Rule::ImageSecretNameLength, longest, &must, violations);
}

fn check(spec: &Fields<'_>, violations: &mut Violations) {
    if let Some(registry) = spec.registry {
        check_registry(registry, violations);
    }
    check_rotation(spec.interval, spec.overlap, violations);
    let Some(name) = spec.secret else { return };
    let field = "spec.secretName";
    if spec.for_functions {
        violations.push(Violation::forbidden(Rule::SecretOfFunctions, field, must::SECRET_OF_FUNCTIONS));
    } else if registry_secret::USED.contains(&name) {
        violations.push(Violation::forbidden(Rule::SecretOfFunctions, field, must::SECRET_IS_OF_FUNCTIONS));
    } else {
        fields::optional_reference(field, Some(name), violations);
    }
}

/// Whether the registry is there, and allows it, is for the controller to know.
fn check_registry(registry: &RegistryRef, violations: &mut Violations) {
    let (field, name) = ("spec.registryRef.name", registry.name.as_str());
    if name.is_empty() {
        violations.push(Violation::required(Rule::RegistryReference, field, "the name of an ImageRegistry"));
    } else if name.len() > must::REGISTRY_NAME_MAX || syntax::dns_1035_label(name).is_err() {
        violations.push(Violation::invalid(Rule::RegistryReference, field, name, must::REGISTRY_REF));
    }
    if let Some(namespace) = &registry.namespace
        && !syntax::is_dns_1123_label(namespace)
    {
        let field = "spec.registryRef.namespace";
        let namespace = namespace.as_str();
        violations.push(Violation::invalid(Rule::RegistryReference, field, namespace, must::NAMESPACE));
    }
}

fn check_rotation(interval: Option<&str>, overlap: Option<&str>, violations: &mut Violations) {
    let field = "spec.rotationInterval";
    if interval.is_none() && overlap.is_some() {
        let (rule, what_for) = (Rule::RotationOverlap, must::OVERLAP_WITHOUT_INTERVAL);
        violations.push(Violation::required(rule, field, what_for));
    }
    let bounds = (must::ROTATION_INTERVAL_SECONDS, must::ROTATION_INTERVAL);
    let lasts = fields::duration(Rule::RotationInterval, field, interval, bounds, violations);
    let field = "spec.overlap";
    let bounds = (must::OVERLAP_SECONDS, must::OVERLAP);
    let overlaps = fields::duration(Rule::RotationOverlap, field, overlap, bounds, violations);
    if let (Some(lasts), Some(overlaps)) = (lasts, overlaps)
        && overlaps + overlaps > lasts
    {
        let shown = overlap.unwrap_or_default();
        violations.push(Violation::invalid(Rule::RotationOverlap, field, shown, must::OVERLAP_HALF));
    }
}

#[cfg(test)]
mod tests;
