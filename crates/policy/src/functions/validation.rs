//! Validation of a Function, in the order in which its violations are reported.

mod env;
mod labels;
mod metadata;
mod name;
mod replicas;
mod resources;
mod source;
mod value_from;

use api::names::preset_label;

use crate::config::Config;
use crate::decision::Decision;
use crate::object::{FunctionObject, ScaleObject};
use crate::rule::Rule;
use crate::violation::Violation;

/// What is wrong with a Function, on CREATE and UPDATE; `old` is the object before the UPDATE.
#[must_use]
pub fn validate(config: &Config, new: &FunctionObject, old: Option<&FunctionObject>) -> Decision {
    let old_meta = old.map(|old| &old.metadata);
    let mut decision = Decision::default();
    if new.is_untouched_since(old, &preset_label::ALL) {
        metadata::check(&new.metadata, old_meta, &mut decision);
        return decision;
    }
    name::check(&new.metadata, &mut decision.violations);
    metadata::check(&new.metadata, old_meta, &mut decision);
    let Some(spec) = &new.spec else {
        decision.violations.push(Violation::required(Rule::SchemaRequired, "spec", ""));
        return decision;
    };
    let violations = &mut decision.violations;
    source::check_source(spec, violations);
    let deprecation = source::check_runtime(config, spec, violations);
    env::check(&config.reserved_envs, spec.env.as_deref().unwrap_or_default(), violations);
    labels::check(spec.labels.as_ref(), violations);
    let meta = &new.metadata;
    replicas::check(config, meta, spec, violations);
    resources::check(&config.function, meta, "spec.resources", spec.resources.as_ref(), violations);
    resources::check(&config.build, meta, "spec.buildResources", spec.build_resources.as_ref(), violations);
    source::check_git(spec, violations);
    source::check_lengths(spec, violations);
    let odd = source::check_deps(config, spec, violations);
    // Who is refused has something else to correct first.
    let deprecation = deprecation.filter(|_| violations.is_empty());
    decision.warnings.extend(deprecation.into_iter().chain(odd));
    decision
}

/// What is wrong with a number of replicas that somebody asks for by the subresource `scale`.
#[must_use]
pub fn validate_scale(config: &Config, scale: ScaleObject) -> Decision {
    let mut decision = Decision::default();
    replicas::check_scale(config.min_replicas, scale.spec.replicas, &mut decision.violations);
    decision
}

#[cfg(test)]
mod tests;
