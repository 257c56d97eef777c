//! Validation of a Function, in the order in which its violations are reported.

mod env;
mod labels;
mod name;
mod replicas;
mod resources;
mod source;

use api::FunctionSpec;
use api::names::preset_label;

use crate::config::Config;
use crate::decision::Decision;
use crate::object::FunctionObject;
use crate::violation::Violation;

/// What is wrong with a Function, on CREATE and UPDATE; `old` is the object before the UPDATE.
#[must_use]
pub fn function(config: &Config, new: &FunctionObject, old: Option<&FunctionObject>) -> Decision {
    if super::is_untouched(new, old, &preset_label::ALL) {
        return Decision::allowed();
    }
    let no_spec = FunctionSpec::default();
    let spec = new.spec.as_ref().unwrap_or(&no_spec);
    let mut violations = Vec::new();
    name::check(&new.metadata, &mut violations);
    source::check_source(spec, &mut violations);
    source::check_runtime(config, spec, &mut violations);
    env::check(&config.reserved_envs, spec.env.as_deref().unwrap_or_default(), &mut violations);
    labels::check(spec.labels.as_ref(), &mut violations);
    replicas::check(config.min_replicas, spec, &mut violations);
    resources::check(&config.function, "spec.resources", spec.resources.as_ref(), &mut violations);
    resources::check(&config.build, "spec.buildResources", spec.build_resources.as_ref(), &mut violations);
    source::check_git(spec, &mut violations);
    let warning = source::check_deps(config, spec, &mut violations);
    Decision { violations, warnings: warning.into_iter().collect(), ..Decision::default() }
}

/// All that is wrong so far.
type Violations = Vec<Violation>;

#[cfg(test)]
mod tests;
