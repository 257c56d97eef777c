//! The progress of a rollout: from the conditions of the Deployment, and if it takes long, from what its Pods report.

use std::time::Duration;

use api::{ConditionType, Reason};
use serde_json::Value;

use super::build_job::Start;
use super::inputs::Inputs;
use super::model::Status;
use super::observed::Observed;
use super::pull;
use crate::draft::Draft;
use crate::plan::Question;

/// How long a Deployment may not be ready before its Pods are inspected, and the first pause between inspections.
const FIRST_PAUSE: Duration = Duration::from_secs(10);
/// The longest pause between inspections.
const LONGEST_PAUSE: Duration = Duration::from_mins(5);

/// Reports the progress of a Deployment that is stored as wanted. Returns whether it is ready.
pub(super) fn judge(inputs: &Inputs<'_>, observed: &Observed, draft: &mut Draft<Status>) -> bool {
    let name = &inputs.identity.child();
    let Some(deployment) = observed.deployment.0.as_ref() else { return false };
    let rollout = Rollout::of(deployment);
    draft.status.replicas = rollout.replicas;
    if rollout.is_ready {
        draft.set(
            ConditionType::Running,
            "True",
            Reason::DeploymentReady,
            format!("Deployment {name} is ready"),
        );
        return true;
    }
    if let Some(why) = rollout.refused {
        fail(name, &format!("no Pod was created: {why}"), draft);
        return false;
    }
    ask(observed, draft);
    match (&observed.answers.pods, rollout.failed) {
        (Some(Start::Hindered(why)), _) => fail(name, why, draft),
        (Some(Start::Unpulled(why)), _) => fail(name, &pull::advised(why, inputs), draft),
        (_, Some(why)) => fail(name, why, draft),
        (Some(Start::Waits(why)), None) => wait(format!("Deployment {name} is not ready yet: {why}"), draft),
        (Some(Start::Runs) | None, None) => wait(format!("Deployment {name} is not ready yet"), draft),
    }
    false
}

/// The conditions of a Deployment.
#[derive(Default)]
struct Rollout<'a> {
    replicas: Option<i32>,
    is_ready: bool,
    /// Why the API server refuses its Pods.
    refused: Option<&'a str>,
    /// Why the rollout has failed.
    failed: Option<&'a str>,
}

impl<'a> Rollout<'a> {
    fn of(deployment: &'a Value) -> Self {
        let number = |pointer: &str| deployment.pointer(pointer).and_then(Value::as_i64);
        let replicas = number("/status/replicas").and_then(|replicas| replicas.try_into().ok());
        if number("/status/observedGeneration") < number("/metadata/generation") {
            return Self { replicas, ..Self::default() };
        }
        let conditions = || deployment.pointer("/status/conditions").and_then(Value::as_array);
        let text = |kind: &str, key: &str| -> &'a str {
            let mut all = conditions().into_iter().flatten();
            let found = all.find(|condition| condition.get("type").and_then(Value::as_str) == Some(kind));
            found.and_then(|found| found.get(key)).and_then(Value::as_str).unwrap_or_default()
        };
        let message_if =
            |kind: &str, status: &str| (text(kind, "status") == status).then(|| text(kind, "message"));
        let is_new = text("Progressing", "reason") == "NewReplicaSetAvailable";
        Self {
            replicas,
            is_ready: is_new
                && text("Available", "status") == "True"
                && text("Progressing", "status") == "True",
            refused: message_if("ReplicaFailure", "True"),
            failed: message_if("Progressing", "False"),
        }
    }
}

/// Requests the Pods of a Deployment that has not been ready for a while, less often the longer this lasts. What they
/// reported stays until they report something else.
fn ask(observed: &Observed, draft: &mut Draft<Status>) {
    let before = draft.before(ConditionType::Running).filter(|before| before.status != "True");
    let has_failed = before.is_some_and(|before| before.status == "False");
    let since = before.and_then(|before| before.last_transition_time.as_ref());
    let age = since.map_or(Duration::ZERO, |since| {
        Duration::try_from(draft.now.0.duration_since(since.0)).unwrap_or_default()
    });
    if age < FIRST_PAUSE && !has_failed {
        draft.wake_in(FIRST_PAUSE.saturating_sub(age));
        return;
    }
    draft.wake_in((age / 4).clamp(FIRST_PAUSE, LONGEST_PAUSE));
    if observed.answers.pods.is_none() {
        draft.question = Some(Question::Pods);
    }
}

fn fail(name: &str, why: &str, draft: &mut Draft<Status>) {
    let message = format!("Deployment {name} failed: {why}");
    draft.set(ConditionType::Running, "False", Reason::DeploymentFailed, message);
}

fn wait(message: String, draft: &mut Draft<Status>) {
    draft.set(ConditionType::Running, "Unknown", Reason::DeploymentWaiting, message);
}
