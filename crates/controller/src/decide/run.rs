//! What runs the image: Deployment, Service, autoscaler.

use serde_json::Value;

use super::{Compared, Kind, Next, Observed, Reason, compare};
use crate::desired::{self, Inputs};

pub(super) fn advance(inputs: &Inputs<'_>, observed: &Observed, next: &mut Next) {
    let steps = next.steps.len();
    let child = inputs.identity.child();
    let service = inputs.identity.name.clone();

    match compare(inputs, &desired::deployment(inputs), &observed.deployment) {
        Compared::Taken => return next.taken("Deployment", &child),
        Compared::Absent(wanted) => {
            next.apply("apps/v1", "Deployment", wanted);
            waits(next, Reason::DeploymentCreated, format!("Deployment {child} created"));
        }
        Compared::Different(wanted) => {
            next.apply("apps/v1", "Deployment", wanted);
            waits(next, Reason::DeploymentUpdated, format!("Deployment {child} updated"));
        }
        Compared::Same => {}
    }
    match compare(inputs, &desired::service(inputs), &observed.service) {
        Compared::Taken => return next.taken("Service", &service),
        Compared::Absent(wanted) => {
            next.apply("v1", "Service", wanted);
            waits(next, Reason::ServiceCreated, format!("Service {service} created"));
        }
        Compared::Different(wanted) => {
            next.apply("v1", "Service", wanted);
            waits(next, Reason::ServiceUpdated, format!("Service {service} updated"));
        }
        Compared::Same => {}
    }
    if let Some(autoscaler) = desired::autoscaler(inputs) {
        match compare(inputs, &autoscaler, &observed.autoscaler) {
            Compared::Taken => return next.taken("HorizontalPodAutoscaler", &child),
            Compared::Absent(wanted) => {
                next.apply("autoscaling/v2", "HorizontalPodAutoscaler", wanted);
                let message = format!("HorizontalPodAutoscaler {child} created");
                waits(next, Reason::HorizontalPodAutoscalerCreated, message);
            }
            Compared::Different(wanted) => {
                next.apply("autoscaling/v2", "HorizontalPodAutoscaler", wanted);
                let message = format!("HorizontalPodAutoscaler {child} updated");
                waits(next, Reason::HorizontalPodAutoscalerUpdated, message);
            }
            Compared::Same => {}
        }
    } else if observed.autoscaler.0.as_ref().is_some_and(|known| super::is_owned(known, &inputs.identity.uid))
    {
        next.delete("HorizontalPodAutoscaler", child.clone());
    }

    if next.steps.len() == steps {
        judge(&child, observed.deployment.0.as_ref(), next);
    }
    let spec = &inputs.function.spec;
    next.status.source = Some(spec.source.clone());
    next.status.runtime.clone_from(&spec.runtime);
}

fn waits(next: &mut Next, reason: Reason, message: String) {
    next.set(Kind::Running, "Unknown", reason, message);
}

/// How a Deployment that is as it should be gets on.
fn judge(name: &str, deployment: Option<&Value>, next: &mut Next) {
    let Some(deployment) = deployment else { return };
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
    } else if is_observed && text(progressing, "status") == "False" {
        let message = format!("Deployment {name} failed: {}", text(progressing, "message"));
        next.set(Kind::Running, "False", Reason::DeploymentFailed, message);
    } else {
        waits(next, Reason::DeploymentWaiting, format!("Deployment {name} is not ready yet"));
    }
}
