//! What runs the image: Deployment, Service, autoscaler.

use serde_json::Value;

use super::next::{Ensured, Next, is_owned};
use super::{Kind, Observed, Reason};
use crate::desired::{self, Inputs};

pub(super) fn advance(inputs: &Inputs<'_>, observed: &Observed, next: &mut Next) {
    let steps = next.steps.len();
    let child = inputs.identity.child();
    let deployment = next.ensure(inputs, observed, &desired::deployment(inputs), &observed.deployment);
    if !waits(next, deployment, Reason::DeploymentCreated, Reason::DeploymentUpdated) {
        return;
    }
    let service = next.ensure(inputs, observed, &desired::service(inputs), &observed.service);
    if !waits(next, service, Reason::ServiceCreated, Reason::ServiceUpdated) {
        return;
    }
    if let Some(autoscaler) = desired::autoscaler(inputs) {
        let autoscaler = next.ensure(inputs, observed, &autoscaler, &observed.autoscaler);
        let (created, updated) =
            (Reason::HorizontalPodAutoscalerCreated, Reason::HorizontalPodAutoscalerUpdated);
        if !waits(next, autoscaler, created, updated) {
            return;
        }
    } else if observed.autoscaler.0.as_ref().is_some_and(|known| is_owned(known, &inputs.identity.uid)) {
        next.delete("HorizontalPodAutoscaler", child.clone());
    }

    if next.steps.len() == steps && judge(&child, observed.deployment.0.as_ref(), next) {
        clean_up(inputs, observed, next);
    }
    let spec = &inputs.function.spec;
    next.status.source = Some(spec.source.clone());
    next.status.runtime.clone_from(&spec.runtime);
}

/// Takes away what is not needed any more, now that what takes its place runs.
fn clean_up(inputs: &Inputs<'_>, observed: &Observed, next: &mut Next) {
    let is_ours = observed.config_map.0.as_ref().is_some_and(|map| is_owned(map, &inputs.identity.uid));
    if inputs.checkout.is_some() && is_ours {
        next.delete("ConfigMap", inputs.identity.child());
    }
    for leftover in &observed.leftovers {
        next.delete(leftover.kind, leftover.name.clone());
    }
}

/// Says what was planned for an object. Whether to go on: not where it cannot be.
fn waits(next: &mut Next, ensured: Ensured, created: Reason, updated: Reason) -> bool {
    match ensured {
        Ensured::Created(message) => next.set(Kind::Running, "Unknown", created, message),
        Ensured::Updated(message) => next.set(Kind::Running, "Unknown", updated, message),
        Ensured::Same => {}
        Ensured::Stopped => return false,
    }
    true
}

/// How a Deployment that is as it should be gets on. Whether it is ready.
fn judge(name: &str, deployment: Option<&Value>, next: &mut Next) -> bool {
    let Some(deployment) = deployment else { return false };
    let number = |pointer: &str| deployment.pointer(pointer).and_then(Value::as_i64).unwrap_or_default();
    let conditions = deployment.pointer("/status/conditions").and_then(Value::as_array);
    let condition = |kind: &str| {
        conditions
            .into_iter()
            .flatten()
            .find(|condition| condition.get("type").and_then(Value::as_str) == Some(kind))
    };
    let text = |condition: Option<&Value>, key: &str| {
        condition
            .and_then(|condition| condition.get(key))
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let (available, progressing) = (condition("Available"), condition("Progressing"));
    let is_observed = number("/status/observedGeneration") >= number("/metadata/generation");
    let is_new = text(progressing, "reason") == "NewReplicaSetAvailable";
    if is_observed && text(available, "status") == "True" && text(progressing, "status") == "True" && is_new {
        next.set(Kind::Running, "True", Reason::DeploymentReady, format!("Deployment {name} is ready"));
        return true;
    }
    if is_observed && text(progressing, "status") == "False" {
        let message = format!("Deployment {name} failed: {}", text(progressing, "message"));
        next.set(Kind::Running, "False", Reason::DeploymentFailed, message);
    } else {
        let message = format!("Deployment {name} is not ready yet");
        next.set(Kind::Running, "Unknown", Reason::DeploymentWaiting, message);
    }
    false
}
