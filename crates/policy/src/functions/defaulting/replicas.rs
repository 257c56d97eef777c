//! Defaulting of `minReplicas` and `maxReplicas`.

use api::FunctionSpec;

use crate::config::Replicas;
use crate::patch::Patch;

/// Fills in what is absent, from the preset, without contradicting what is set.
pub(super) fn fill_in(preset: Replicas, spec: &FunctionSpec, patch: &mut Patch) {
    let min = spec.min_replicas.unwrap_or_else(|| {
        let min = spec.max_replicas.map_or(preset.min, |max| preset.min.min(max));
        patch.add(["minReplicas"], min);
        min
    });
    if spec.max_replicas.is_none() {
        patch.add(["maxReplicas"], preset.max.max(min));
    }
}
