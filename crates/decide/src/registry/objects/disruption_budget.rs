//! How many Pods of a registry may be away while nodes are drained.

use api::names::registry::of_registry;
use serde_json::json;

use crate::Kind;
use crate::object::wanted;
use crate::plan::Wanted;
use crate::registry::instance::Instance;

/// The `PodDisruptionBudget`; `None` for a single Pod, which must go when its node does.
pub(in super::super) fn disruption_budget(instance: &Instance<'_>) -> Option<Wanted> {
    if instance.replicas() < 2 {
        return None;
    }
    let spec = json!({"maxUnavailable": 1, "selector": {"matchLabels": instance.selector()}});
    Some(wanted(
        Kind::PodDisruptionBudget,
        &instance.metadata(of_registry(instance.name)),
        json!({"spec": spec}),
    ))
}
