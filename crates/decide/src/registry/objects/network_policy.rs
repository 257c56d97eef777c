//! Who reaches the Pods of a registry: clients and what reads metrics. The registry itself listens on loopback alone.

use api::names::registry::of_registry;
use serde_json::json;

use super::object::wanted;
use super::paths::{ADMIN, HTTPS};
use crate::Kind;
use crate::plan::Wanted;
use crate::registry::instance::Instance;

/// Namespaces with this label may read metrics, as those of all our programs.
const METRICS: [&str; 2] = ["metrics", "enabled"];

/// The `NetworkPolicy`.
pub(in super::super) fn network_policy(instance: &Instance<'_>) -> Wanted {
    let [label, value] = METRICS;
    let spec = json!({
        "podSelector": {"matchLabels": instance.selector()},
        "policyTypes": ["Ingress"],
        "ingress": [
            {"ports": [{"port": HTTPS, "protocol": "TCP"}]},
            {
                "from": [{"namespaceSelector": {"matchLabels": {(label): value}}}],
                "ports": [{"port": ADMIN, "protocol": "TCP"}],
            },
        ],
    });
    wanted(Kind::NetworkPolicy, &instance.metadata(of_registry(instance.name)), json!({"spec": spec}))
}
