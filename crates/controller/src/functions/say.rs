//! What is reported about a Function: its status, Events, and how long it took.

use std::time::Duration;

use api::FunctionStatus;
use cluster::{Error, Note};
use decide::function::{Function, Status};
use decide::transition::{Significance, transitions};
use decide::{Key, Kind};
use k8s_openapi::api::core::v1::ObjectReference;
use kube::Api;
use serde_json::{Value, json};

use super::Functions;

/// How long new work has to last before it is reported.
const BEGINNING: Duration = Duration::from_secs(2);
/// How long a further stage has to last before it is reported.
const STAGE: Duration = Duration::from_secs(5);
/// How long a new message for a stage has to last before it is reported.
const WORDS: Duration = Duration::from_secs(10);

impl Functions {
    /// Writes the status, if anything changed, and reports transitions. Work that goes on is reported only after a
    /// while, since most of it ends soon. Returns how long until then.
    pub(super) async fn say(
        &self,
        function: &Function,
        key: &Key,
        status: &Status,
    ) -> Result<Option<Duration>, Error> {
        let before = &function.status;
        let significance = Significance::between(before, status);
        let left = match significance {
            Significance::Nothing => {
                self.memory.said(key);
                return Ok(None);
            }
            Significance::Words => self.memory.unsaid(key, WORDS),
            Significance::Stage => self.memory.unsaid(key, STAGE),
            Significance::Beginning => self.memory.unsaid(key, BEGINNING),
            Significance::Result => Duration::ZERO,
        };
        if !left.is_zero() {
            return Ok(Some(left));
        }
        // 4. Write the status.
        let functions = Api::<api::Function>::namespaced(self.writer.client().clone(), &key.0);
        let patch = status_patch(function, status);
        let written = self.writer.patch_status(&functions, &key.1, patch).await?;
        self.memory.said(key);
        if let Some(written) = Function::of_v1alpha1(written) {
            self.memory.wrote(key, function, written);
        }
        // 5. Report transitions.
        for condition in transitions(before, status) {
            self.metrics.transition(condition, &before.conditions);
            let note = Note {
                regarding: reference(function),
                time: condition.last_transition_time.as_ref().map(|time| time.0).unwrap_or_default(),
                action: &condition.kind,
                reason: condition.reason.as_deref().unwrap_or_default(),
                note: condition.message.as_deref().unwrap_or_default(),
                is_warning: condition.status == "False",
            };
            self.writer.note(&note).await?;
        }
        Ok(look_again(significance, status))
    }

    /// Measures the time from a change of a Function until it runs.
    pub(super) fn measure(&self, function: &Function, key: &Key, status: &Status) {
        if !status.is_ready() {
            self.memory.is_not_ready(key, function.metadata.generation);
        } else if let Some(since) = self.memory.is_ready(key) {
            self.metrics.ready(since.elapsed());
        }
    }
}

/// When to reconcile a Function again after its status was written. Most work that goes on is reconciled again before
/// its status is written. A status that was written at once is not, and the changes that would wake the Function may
/// have come before: for example, a Deployment became ready while somebody else had the name of the Service.
fn look_again(significance: Significance, status: &Status) -> Option<Duration> {
    let is_open = status.conditions.iter().any(|condition| condition.status == "Unknown");
    (significance == Significance::Result && is_open).then_some(BEGINNING)
}

/// The patch from the old status of a Function to the new one.
fn status_patch(function: &Function, status: &Status) -> Value {
    let json =
        |status: &Status| serde_json::to_value(FunctionStatus::from(status.clone())).unwrap_or_default();
    let (before, mut patch) = (json(&function.status), json(status));
    // A merge patch removes a field only by name.
    if let (Some(patch), Some(before)) = (patch.as_object_mut(), before.as_object()) {
        for key in before.keys() {
            patch.entry(key.clone()).or_insert(Value::Null);
        }
    }
    // Not for another Function that has the same name by now.
    json!({"metadata": {"uid": function.identity.uid}, "status": patch})
}

/// A reference to the Function, for Events.
fn reference(function: &Function) -> ObjectReference {
    let identity = function.identity.clone();
    ObjectReference {
        api_version: Some(Kind::Function.api_version()),
        kind: Some(Kind::Function.as_str().to_owned()),
        name: Some(identity.name),
        namespace: Some(identity.namespace),
        uid: Some(identity.uid),
        ..ObjectReference::default()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn what_goes_on_after_a_failure_is_looked_at_again() {
        let running = |status: &str| -> Status {
            let condition = json!({"type": "Running", "status": status});
            Status { conditions: vec![serde_json::from_value(condition).unwrap()], ..Status::default() }
        };
        assert_eq!(look_again(Significance::Result, &running("Unknown")), Some(BEGINNING));
        assert_eq!(look_again(Significance::Result, &running("True")), None);
        assert_eq!(look_again(Significance::Stage, &running("Unknown")), None);
    }

    #[test]
    fn a_status_is_written_with_what_is_no_longer_said() {
        let function = json!({
            "metadata": {"name": "f", "namespace": "n", "uid": "u"},
            "spec": {"source": "x"},
            "status": {"source": "repo", "commit": "c", "reference": "main"},
        });
        let function = Function::of_v1alpha1(serde_json::from_value(function).unwrap()).unwrap();
        let status = Status { source: Some("x".to_owned()), ..Status::default() };
        let expected = json!({
            "metadata": {"uid": "u"},
            "status": {"source": "x", "commit": null, "reference": null},
        });
        assert_eq!(status_patch(&function, &status), expected);
    }
}
