//! Defaulting of a Function: what its author left out is filled in from presets. A value that is set is never
//! changed, and the patch holds only what is added, so applying it to its own result adds nothing.

mod replicas;
mod resources;

use std::cell::LazyCell;

use crate::config::{Config, Presets, Resources};
use crate::decision::Decision;
use crate::object::{FunctionObject, MetadataObject};
use crate::patch::Patch;

/// Adds what is missing in a Function; `old` is what it was before an UPDATE, decoded once and only if a label asks for it.
#[must_use]
pub fn default(
    config: &Config,
    function: &FunctionObject,
    old: impl FnOnce() -> Option<MetadataObject>,
) -> Decision {
    // Without a specification there is nothing to add to: the schema refuses the object.
    let Some(spec) = &function.spec else { return Decision::allowed() };
    let meta = &function.metadata;
    let old = LazyCell::new(old);
    let old = || old.as_ref().map(|old| &old.metadata);
    let mut patch = Patch::default();

    let replicas = patch.grows(|patch| replicas::fill_in(config.replicas.choose(meta), spec, patch));
    let mut fill_in = |presets: &Presets<Resources>, group, set: &Option<_>| {
        patch.grows(|patch| resources::fill_in(presets.choose(meta), group, set.as_ref(), patch))
    };
    let resources = fill_in(&config.function.presets, "resources", &spec.resources);
    let build = fill_in(&config.build.presets, "buildResources", &spec.build_resources);

    if spec.runtime.as_deref().unwrap_or_default().is_empty() {
        patch.add(["runtime"], config.default_runtime.clone());
    }
    let warnings = [
        config.replicas.warning(meta, replicas, "minReplicas and maxReplicas", old),
        config.function.presets.warning(meta, resources, "cpu and memory of spec.resources", old),
        config.build.presets.warning(meta, build, "cpu and memory of spec.buildResources", old),
    ];
    let warnings = warnings.into_iter().flatten().collect();
    Decision { patch: patch.into_operations(), warnings, ..Decision::default() }
}

#[cfg(test)]
mod tests;
