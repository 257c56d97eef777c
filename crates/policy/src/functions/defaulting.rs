//! Defaulting of a Function: what its author left out is filled in from presets. A value that is set is never
//! changed, and the patch holds only what is added, so applying it to its own result adds nothing.

mod patch;
mod replicas;
mod resources;

use crate::config::Config;
use crate::decision::Decision;
use crate::object::FunctionObject;

use patch::Patch;

/// Adds what is missing in a Function.
#[must_use]
pub fn default(config: &Config, function: &FunctionObject) -> Decision {
    // Without a specification there is nothing to add to: the schema refuses the object.
    let Some(spec) = &function.spec else { return Decision::allowed() };
    let meta = &function.metadata;
    let mut warnings = Vec::new();
    let mut patch = Patch::default();

    let preset = config.replicas.choose(meta, &mut warnings);
    replicas::fill_in(preset, spec, &mut patch);

    let preset = config.function.presets.choose(meta, &mut warnings);
    resources::fill_in(preset, "resources", spec.resources.as_ref(), &mut patch);

    let preset = config.build.presets.choose(meta, &mut warnings);
    resources::fill_in(preset, "buildResources", spec.build_resources.as_ref(), &mut patch);

    if spec.runtime.as_deref().unwrap_or_default().is_empty() {
        patch.add(["runtime"], config.default_runtime.clone());
    }
    Decision { patch: patch.into_operations(), warnings, ..Decision::default() }
}

#[cfg(test)]
mod tests;
