//! Who reaches the Pods of a registry: clients and what reads metrics. The registry itself listens on loopback alone.

use api::names::registry::of_registry;
use serde_json::json;

use super::paths::HTTPS;
use crate::Kind;
use crate::object::wanted;
use crate::plan::Wanted;
use crate::pod::{ADMIN, reachable};
use crate::registry::instance::Instance;

/// The `NetworkPolicy`.
pub(in super::super) fn network_policy(instance: &Instance<'_>) -> Wanted {
    let spec = reachable(&instance.selector(), &[HTTPS], &[ADMIN]);
    wanted(Kind::NetworkPolicy, &instance.metadata(of_registry(instance.name)), json!({"spec": spec}))
}
