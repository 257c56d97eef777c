//! What runs the image: Deployment, Service, autoscaler.

use api::{ConditionType, Reason};

use super::ensure::{Ensured, wanted};
use super::inputs::Inputs;
use super::model::Status;
use super::objects;
use super::observed::Observed;
use super::rollout;
use crate::Kind;
use crate::draft::Draft;
use crate::owner::is_owned;

/// Ensures all three, then removes what they replace.
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

    if draft.steps.len() == steps && rollout::judge(inputs, observed, draft) {
        clean_up(inputs, observed, draft);
    }
    let identity = inputs.identity;
    draft.status.image = Some(inputs.run_image());
    draft.status.url = Some(format!("http://{}.{}.svc", identity.name, identity.namespace));
    draft.status.source = Some(inputs.function.source.text().to_owned());
    draft.status.runtime = Some(inputs.function.runtime.clone());
}

/// Deletes what is not needed any more, once its replacement runs.
fn clean_up(inputs: &Inputs<'_>, observed: &Observed, draft: &mut Draft<Status>) {
    let is_ours = observed.config_map.0.as_ref().is_some_and(|map| is_owned(map, &inputs.identity.uid));
    if inputs.checkout.is_some() && is_ours {
        draft.delete(Kind::ConfigMap, inputs.identity.child());
    }
    for leftover in &observed.leftovers {
        draft.delete(leftover.kind, leftover.name.clone());
    }
}

/// Reports what is planned for an object. Returns whether to go on, which is not so if nothing is possible.
fn may_go_on(draft: &mut Draft<Status>, ensured: Ensured, created: Reason, updated: Reason) -> bool {
    match ensured {
        Ensured::Created(message) => draft.set(ConditionType::Running, "Unknown", created, message),
        Ensured::Updated(message) => draft.set(ConditionType::Running, "Unknown", updated, message),
        Ensured::Same => {}
        Ensured::Stopped => return false,
    }
    true
}
