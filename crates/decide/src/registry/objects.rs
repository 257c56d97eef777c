//! The objects that a registry becomes. The same input gives the same objects, byte by byte.

mod access;
mod certificate;
mod config_map;
mod disruption_budget;
mod gateway;
mod network_policy;
mod paths;
mod registry;
mod service;
mod stateful_set;
mod volume_claim;

use serde_json::Value;

use super::instance::Instance;
use crate::plan::Wanted;

pub(super) use certificate::certificates;
pub(super) use config_map::{config_map, last_good};
pub(super) use disruption_budget::disruption_budget;
pub(super) use network_policy::network_policy;
pub(super) use service::service;
pub(super) use stateful_set::{Pods, stateful_set};
pub(super) use volume_claim::{is_of, volume_claim};

/// What needs neither certificates nor rules, in the order in which it is written; `claim` is the stored claim.
pub(super) fn foundation(instance: &Instance<'_>, claim: Option<&Value>) -> Vec<Wanted> {
    let [account, role, binding] = access::access(instance);
    let mut objects = vec![account, role, binding, service(instance), network_policy(instance)];
    objects.extend(volume_claim(instance, claim));
    objects.extend(disruption_budget(instance));
    objects.extend(certificates(instance));
    objects
}

#[cfg(test)]
mod tests;
