//! The plan as it grows.

use std::time::Duration;

use api::{Condition, Function, FunctionStatus};
use k8s_openapi::Metadata;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use serde::Serialize;
use serde_json::Value;

use super::{JobChange, Kind, Observed, Plan, Question, Reason, Step, Stored};
use crate::desired::Inputs;
use crate::difference;
use crate::stores::kept::BuildJob;

/// How long to wait before a name that others have is asked for again.
const TAKEN_RETRY: Duration = Duration::from_mins(5);

/// The longest message of a condition, in characters.
const MAX_MESSAGE: usize = 2000;

/// What was planned for an object, and what to say of it.
pub(super) enum Ensured {
    Created(String),
    Updated(String),
    Same,
    /// It cannot be, which has been said.
    Stopped,
}

/// Whether a Function is the controller of an object.
pub(crate) fn is_owned(object: &Value, uid: &str) -> bool {
    let owners = object.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    owners.into_iter().flatten().any(|owner| {
        let is_controller = owner.get("controller").and_then(Value::as_bool) == Some(true);
        is_controller && owner.get("uid").and_then(Value::as_str) == Some(uid)
    })
}

/// A message, cut where it is longer than anybody reads: others may have written a part of it.
fn bounded(mut message: String) -> String {
    if let Some((end, _)) = message.char_indices().nth(MAX_MESSAGE) {
        message.truncate(end);
        message.push('…');
    }
    message
}

pub(super) struct Next {
    pub(super) now: Time,
    generation: Option<i64>,
    pub(super) steps: Vec<Step>,
    /// The conditions as they were, from which it follows what is a transition.
    before: Vec<Condition>,
    pub(super) status: FunctionStatus,
    pub(super) wake: Option<Duration>,
    pub(super) question: Option<Question>,
}

impl Next {
    pub(super) fn new(function: &Function, now: Time) -> Self {
        let status = function.status.clone().unwrap_or_default();
        let before = status.conditions.clone().unwrap_or_default();
        let generation = function.metadata.generation;
        Self { now, generation, steps: Vec::new(), before, status, wake: None, question: None }
    }

    /// Plans to apply an object unless it is stored as it is wanted.
    pub(super) fn ensure<K>(
        &mut self,
        inputs: &Inputs<'_>,
        observed: &Observed,
        wanted: &K,
        stored: &Stored,
    ) -> Ensured
    where
        K: Metadata<Ty = ObjectMeta> + Serialize,
    {
        let (kind, name) = (K::KIND, wanted.metadata().name.as_deref().unwrap_or_default());
        if self.is_hindered(observed, kind, name) {
            return Ensured::Stopped;
        }
        let wanted = difference::marked(wanted);
        match &stored.0 {
            None => {
                self.steps.push(Step::Create(wanted));
                Ensured::Created(format!("{kind} {name} created"))
            }
            Some(stored) if !is_owned(stored, &inputs.identity.uid) => {
                self.taken(kind, name);
                Ensured::Stopped
            }
            Some(stored) if difference::is_stored(&wanted, stored) => Ensured::Same,
            Some(_) => {
                self.steps.push(Step::Apply(wanted));
                Ensured::Updated(format!("{kind} {name} updated"))
            }
        }
    }

    /// Whether others have the name, or the API server has refused the object: then this has been said.
    pub(super) fn is_hindered(&mut self, observed: &Observed, kind: &str, name: &str) -> bool {
        if observed.taken.contains(&(kind.to_owned(), name.to_owned())) {
            self.taken(kind, name);
            return true;
        }
        let refusal = observed.refused.as_ref();
        let Some(refusal) = refusal.filter(|refusal| refusal.kind == kind && refusal.name == name) else {
            return false;
        };
        let (condition, reason) = match kind {
            "ConfigMap" => (Kind::ConfigurationReady, Reason::SourceUpdateFailed),
            "Job" => (Kind::BuildReady, Reason::JobFailed),
            _ => (Kind::Running, Reason::DeploymentFailed),
        };
        let message = format!("{kind} {name} was refused: {}", refusal.message);
        self.set(condition, "False", reason, message);
        true
    }

    fn taken(&mut self, kind: &str, name: &str) {
        let message = format!(
            "{kind} {name} exists and does not belong to this Function: delete it, or give the Function another name"
        );
        self.set(Kind::ConfigurationReady, "False", Reason::NameConflict, message);
        self.wake = Some(TAKEN_RETRY);
    }

    pub(super) fn delete(&mut self, kind: &'static str, name: String) {
        self.steps.push(Step::Delete(kind, name));
    }

    /// Plans a change of a Job, which has to be as it was seen.
    pub(super) fn change(&mut self, job: &BuildJob, change: JobChange) {
        let (name, uid, version) = (job.name.clone(), job.uid.clone(), job.version.clone());
        self.steps.push(Step::Change { name, uid, version, change });
    }

    /// To look again in so long, or before.
    pub(super) fn wake_in(&mut self, pause: Duration) {
        self.wake = Some(self.wake.map_or(pause, |wake| wake.min(pause)));
    }

    pub(super) fn before(&self, kind: Kind) -> Option<&Condition> {
        self.before.iter().find(|condition| condition.kind == kind.as_str())
    }

    pub(super) fn set(&mut self, kind: Kind, status: &str, reason: Reason, message: String) {
        let known = self.before(kind);
        let since =
            known.filter(|known| known.status == status).and_then(|known| known.last_transition_time.clone());
        let condition = Condition {
            kind: kind.as_str().to_owned(),
            status: status.to_owned(),
            last_transition_time: Some(since.unwrap_or_else(|| self.now.clone())),
            reason: Some(reason.as_str().to_owned()),
            message: Some(bounded(message)),
            observed_generation: self.generation,
        };
        let conditions = self.status.conditions.get_or_insert_default();
        conditions.retain(|known| known.kind != condition.kind);
        conditions.push(condition);
        conditions.sort_by_key(|condition| Kind::order(&condition.kind));
    }

    /// As [`Self::set`] to True, but one that is True already keeps its words.
    pub(super) fn set_unless_true(&mut self, kind: Kind, reason: Reason, message: String) {
        match self.before(kind).cloned() {
            Some(Condition { status, reason: Some(reason), message: Some(message), .. })
                if status == "True" =>
            {
                if let Some(reason) = Reason::parse(&reason) {
                    self.set(kind, "True", reason, message);
                }
            }
            _ => self.set(kind, "True", reason, message),
        }
    }

    pub(super) fn into_plan(self) -> Plan {
        Plan { steps: self.steps, status: self.status, wake: self.wake, question: self.question }
    }
}
