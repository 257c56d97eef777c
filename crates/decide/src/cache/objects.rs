//! The objects that a cache becomes. The same input gives the same objects, byte by byte.

mod access;
mod config_secret;
mod gateway;
mod pods;
mod registry;

use api::names::cache::service_annotation;
use serde_json::json;

use super::instance::Instance;
use super::paths::{DEBUG_NAME, DEBUG_PORT, PORT, PORT_NAME};
use crate::Kind;
use crate::object::wanted;
use crate::plan::Wanted;
use crate::pod::{ADMIN, reachable};

pub(super) use config_secret::{Trusted, config_secret};
pub(super) use pods::stateful_set;

/// What needs neither certificates nor credentials. The Service is not in it: it comes first.
pub(super) fn foundation(instance: &Instance<'_>) -> Vec<Wanted> {
    let mut objects = access::access(instance);
    objects.push(network_policy(instance));
    objects.extend(disruption_budget(instance));
    objects
}

/// The Service. Its address is a name in the certificate.
pub(super) fn service(instance: &Instance<'_>) -> Wanted {
    let mut metadata = instance.metadata(instance.service.clone());
    let annotations = [
        (service_annotation::UPSTREAM, instance.spec.upstream.clone()),
        (service_annotation::REMOTE_URL, instance.remote_url()),
        (service_annotation::SCHEME, instance.scheme().to_owned()),
    ];
    metadata.annotations = Some(annotations.map(|(key, value)| (key.to_owned(), value)).into());
    let port =
        |name: &str, port: u16| json!({"name": name, "port": port, "protocol": "TCP", "targetPort": name});
    let spec = json!({
        "type": "ClusterIP",
        "selector": instance.selector(),
        "ports": [port(PORT_NAME, PORT), port(DEBUG_NAME, DEBUG_PORT)],
    });
    wanted(Kind::Service, &metadata, json!({"spec": spec}))
}

/// `None` for a single Pod, which must go when its node does.
fn disruption_budget(instance: &Instance<'_>) -> Option<Wanted> {
    instance.is_highly_available().then(|| {
        let spec = json!({
            "maxUnavailable": 1,
            "selector": {"matchLabels": instance.selector()},
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        });
        let metadata = instance.metadata(instance.resource.clone());
        wanted(Kind::PodDisruptionBudget, &metadata, json!({"spec": spec}))
    })
}

/// Nodes pull, and what has the label reads metrics. The registry itself listens on loopback alone.
fn network_policy(instance: &Instance<'_>) -> Wanted {
    let spec = reachable(&instance.selector(), &[PORT_NAME], &[DEBUG_NAME, ADMIN]);
    wanted(Kind::NetworkPolicy, &instance.metadata(instance.resource.clone()), json!({"spec": spec}))
}

#[cfg(test)]
mod tests;
