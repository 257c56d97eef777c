//! A plan under construction.

use std::time::Duration;

use api::{Condition, ConditionType, Reason};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::plan::{BuildRequest, Plan, Question, Step};
use crate::status::Status;

/// The longest message of a condition, in characters.
const MAX_MESSAGE: usize = 2000;

/// A plan for an object with a status.
#[derive(Debug)]
pub(crate) struct Draft<S> {
    pub(crate) now: Time,
    generation: Option<i64>,
    pub(crate) steps: Vec<Step>,
    /// The previous conditions, by which transitions are found.
    before: Vec<Condition>,
    pub(crate) status: S,
    pub(crate) wake: Option<Duration>,
    pub(crate) question: Option<Question>,
    pub(crate) build: Option<BuildRequest>,
}

impl<S: Status> Draft<S> {
    /// An empty plan for an object of a generation, with its previous status.
    pub(crate) fn new(status: S, generation: Option<i64>, now: Time) -> Self {
        let before = status.conditions().to_vec();
        Self { now, generation, steps: Vec::new(), before, status, wake: None, question: None, build: None }
    }

    /// Reconcile again after a pause, or earlier.
    pub(crate) fn wake_in(&mut self, pause: Duration) {
        self.wake = Some(self.wake.map_or(pause, |wake| wake.min(pause)));
    }

    pub(crate) fn before(&self, kind: ConditionType) -> Option<&Condition> {
        self.before.iter().find(|condition| condition.kind == kind.as_str())
    }

    /// Sets a condition, with the time of the last transition to its status.
    pub(crate) fn condition(
        &self,
        kind: ConditionType,
        status: &str,
        reason: Reason,
        message: String,
    ) -> Condition {
        let known = self.before(kind);
        let since =
            known.filter(|known| known.status == status).and_then(|known| known.last_transition_time.clone());
        Condition {
            kind: kind.as_str().to_owned(),
            status: status.to_owned(),
            last_transition_time: Some(since.unwrap_or_else(|| self.now.clone())),
            reason: Some(reason.as_str().to_owned()),
            message: Some(bounded(message)),
            observed_generation: self.generation,
        }
    }

    pub(crate) fn set(&mut self, kind: ConditionType, status: &str, reason: Reason, message: String) {
        let condition = self.condition(kind, status, reason, message);
        self.status.put(condition);
    }

    /// Like [`Self::set`] to True, except that a condition that is True already keeps its reason and message.
    pub(crate) fn set_unless_true(&mut self, kind: ConditionType, reason: Reason, message: String) {
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

    pub(crate) fn into_plan(self) -> Plan<S> {
        let summary = self.before(ConditionType::Ready).cloned();
        let Self { steps, mut status, wake, question, build, .. } = self;
        status.sum_up(summary.as_ref());
        Plan { steps, status, wake, question, build }
    }
}

/// Cuts a message that is too long: others may have written a part of it.
pub(crate) fn bounded(mut message: String) -> String {
    if let Some((end, _)) = message.char_indices().nth(MAX_MESSAGE) {
        message.truncate(end);
        message.push('…');
    }
    message
}
