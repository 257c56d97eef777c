//! What runs the image: Deployment, Service, autoscaler.

use api::{ConditionType, Reason};
use serde_json::Value;

use super::ensure::{Ensured, wanted};
use super::inputs::Inputs;
use super::model::Status;
use super::objects;
use super::observed::Observed;
use crate::Kind;
use crate::draft::Draft;
use crate::owner::is_owned;

/// Ensures all three, and then removes what they replace.
pub(super) fn serve(inputs: &Inputs<'_>, observed: &Observed, draft: &mut Draft<Status>) {
    let steps = draft.steps.len();
    let (child, uid) = (inputs.identity.child(), inputs.identity.uid.as_str());
    let deployment = draft.ensure(
        uid,
        observed,
        wanted(Kind::Deployment, &objects::deployment(inputs)),
        &observed.deployment,
    );
    if !may_go_on(draft, deployment, Reason::DeploymentCreated, Reason::DeploymentUpdated) {
        return;
    }
    let service =
        draft.ensure(uid, observed, wanted(Kind::Service, &objects::service(inputs)), &observed.service);
    if !may_go_on(draft, service, Reason::ServiceCreated, Reason::ServiceUpdated) {
        return;
    }
    if let Some(autoscaler) = objects::autoscaler(inputs) {
        let autoscaler = wanted(Kind::HorizontalPodAutoscaler, &autoscaler);
        let autoscaler = draft.ensure(uid, observed, autoscaler, &observed.autoscaler);
        let (created, updated) =
            (Reason::HorizontalPodAutoscalerCreated, Reason::HorizontalPodAutoscalerUpdated);
        if !may_go_on(draft, autoscaler, created, updated) {
            return;
        }
    } else if observed.autoscaler.0.as_ref().is_some_and(|known| is_owned(known, &inputs.identity.uid)) {
        draft.delete(Kind::HorizontalPodAutoscaler, child.clone());
    }

    if draft.steps.len() == steps && judge(&child, observed.deployment.0.as_ref(), draft) {
        clean_up(inputs, observed, draft);
    }
    draft.status.source = Some(inputs.function.source.text().to_owned());
    draft.status.runtime = Some(inputs.function.runtime.clone());
}

/// Takes away what is not needed any more, now that what takes its place runs.
fn clean_up(inputs: &Inputs<'_>, observed: &Observed, draft: &mut Draft<Status>) {
    let is_ours = observed.config_map.0.as_ref().is_some_and(|map| is_owned(map, &inputs.identity.uid));
    if inputs.checkout.is_some() && is_ours {
        draft.delete(Kind::ConfigMap, inputs.identity.child());
    }
    for leftover in &observed.leftovers {
        draft.delete(leftover.kind, leftover.name.clone());
    }
}

/// Says what was planned for an object. Whether to go on: not where it cannot be.
fn may_go_on(draft: &mut Draft<Status>, ensured: Ensured, created: Reason, updated: Reason) -> bool {
    match ensured {
        Ensured::Created(message) => draft.set(ConditionType::Running, "Unknown", created, message),
        Ensured::Updated(message) => draft.set(ConditionType::Running, "Unknown", updated, message),
        Ensured::Same => {}
        Ensured::Stopped => return false,
    }
    true
}

/// How a Deployment that is as it should be gets on. Whether it is ready.
fn judge(name: &str, deployment: Option<&Value>, draft: &mut Draft<Status>) -> bool {
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
        draft.set(
            ConditionType::Running,
            "True",
            Reason::DeploymentReady,
            format!("Deployment {name} is ready"),
        );
        return true;
    }
    if is_observed && text(progressing, "status") == "False" {
        let message = format!("Deployment {name} failed: {}", text(progressing, "message"));
        draft.set(ConditionType::Running, "False", Reason::DeploymentFailed, message);
    } else {
        let message = format!("Deployment {name} is not ready yet");
        draft.set(ConditionType::Running, "Unknown", Reason::DeploymentWaiting, message);
    }
    false
}
