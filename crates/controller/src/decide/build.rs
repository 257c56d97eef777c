//! The build: at most one Job for what is wanted now, none for what was wanted before.

use serde_json::Value;

use super::{Kind, Next, Observed, Reason, is_owned};
use crate::desired::{self, Inputs};

/// What has become of a Job.
enum Outcome {
    Running,
    Succeeded,
    Failed(String),
}

/// Whether a condition of a Job says how it has ended, and then whether well.
pub(crate) fn end(kind: &str, status: &str) -> Option<bool> {
    match (kind, status) {
        ("Complete" | "SuccessCriteriaMet", "True") => Some(true),
        ("Failed", "True") => Some(false),
        _ => None,
    }
}

/// Whether the image is there.
pub(super) fn advance(inputs: &Inputs<'_>, observed: &Observed, next: &mut Next) -> bool {
    let wanted = desired::job(inputs);
    let name = wanted.metadata.name.clone().unwrap_or_default();
    let named = |job: &Value| job.pointer("/metadata/name").and_then(Value::as_str).map(str::to_owned);

    for superseded in observed.jobs.iter().filter(|job| is_owned(job, &inputs.identity.uid)) {
        if let Some(other) = named(superseded).filter(|other| *other != name) {
            next.delete("Job", other);
        }
    }
    let job = observed.jobs.iter().find(|job| named(job).as_ref() == Some(&name));
    // An image that is deployed is there, whatever has become of the Job that built it.
    if is_deployed(inputs, observed) {
        next.set_unless_true(Kind::BuildReady, Reason::JobFinished, format!("Job {name} finished"));
        return true;
    }
    match job.map(outcome) {
        Some(Outcome::Succeeded) => {
            next.set(Kind::BuildReady, "True", Reason::JobFinished, format!("Job {name} finished"));
            return true;
        }
        Some(Outcome::Failed(why)) => {
            next.set(Kind::BuildReady, "False", Reason::JobFailed, format!("Job {name} failed: {why}"));
        }
        Some(Outcome::Running) => {
            let message = format!("Job {name} is still in progress");
            next.set(Kind::BuildReady, "Unknown", Reason::JobRunning, message);
        }
        None if observed.builds_ahead > 0 => {
            let message = format!("Waiting for a free build slot: {} in front", observed.builds_ahead);
            next.set(Kind::BuildReady, "Unknown", Reason::BuildQueued, message);
        }
        None => {
            next.apply(&wanted);
            next.set(Kind::BuildReady, "Unknown", Reason::JobCreated, format!("Job {name} created"));
        }
    }
    false
}

fn is_deployed(inputs: &Inputs<'_>, observed: &Observed) -> bool {
    let image = observed.deployment.0.as_ref().and_then(|deployment| {
        deployment.pointer("/spec/template/spec/containers/0/image").and_then(Value::as_str)
    });
    image == Some(inputs.pull_image().as_str())
}

fn outcome(job: &Value) -> Outcome {
    let conditions = job.pointer("/status/conditions").and_then(Value::as_array).into_iter().flatten();
    for condition in conditions {
        let text = |key: &str| condition.get(key).and_then(Value::as_str).unwrap_or_default();
        match end(text("type"), text("status")) {
            Some(true) => return Outcome::Succeeded,
            Some(false) => return Outcome::Failed(text("message").to_owned()),
            None => {}
        }
    }
    Outcome::Running
}
