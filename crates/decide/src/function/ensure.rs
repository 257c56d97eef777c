//! Steps of a plan for a Function, and what is reported if a step is not possible.

use std::time::Duration;

use api::{ConditionType, Reason};
use k8s_openapi::Metadata;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

use super::build_job::BuildJob;
use super::model::Status;
use super::observed::{Observed, Stored};
use crate::Kind;
use crate::draft::Draft;
use crate::drift;
use crate::owner::is_owned;
use crate::plan::{JobChange, Step, Wanted};

/// How long to wait before a retry with a name that is taken.
const TAKEN_RETRY: Duration = Duration::from_mins(5);

/// What is planned for an object.
pub(super) enum Ensured {
    Created(String),
    Updated(String),
    Same,
    /// Nothing is possible; the reason is reported.
    Stopped,
}

/// An object of a Function, with its mark.
pub(super) fn wanted<K>(kind: Kind, object: &K) -> Wanted
where
    K: Metadata<Ty = ObjectMeta> + Serialize,
{
    let metadata = object.metadata();
    Wanted {
        kind,
        namespace: metadata.namespace.clone().unwrap_or_default(),
        name: metadata.name.clone().unwrap_or_default(),
        object: drift::marked(object),
    }
}

impl Draft<Status> {
    /// Plans to apply an object of the Function with this UID, unless it is stored as wanted.
    pub(super) fn ensure(
        &mut self,
        uid: &str,
        observed: &Observed,
        wanted: Wanted,
        stored: &Stored,
    ) -> Ensured {
        let (kind, name) = (wanted.kind, wanted.name.clone());
        if self.is_hindered(observed, kind, &name) {
            return Ensured::Stopped;
        }
        match &stored.0 {
            None => {
                self.steps.push(Step::Create(wanted));
                Ensured::Created(format!("{kind} {name} created"))
            }
            Some(stored) if !is_owned(stored, uid) => {
                self.taken(kind, &name);
                Ensured::Stopped
            }
            Some(stored) if drift::is_stored(&wanted.object, stored) => Ensured::Same,
            Some(_) => {
                self.steps.push(Step::Apply(wanted));
                Ensured::Updated(format!("{kind} {name} updated"))
            }
        }
    }

    /// Whether the name is taken, or the API server has refused the object. The reason is reported then.
    pub(super) fn is_hindered(&mut self, observed: &Observed, kind: Kind, name: &str) -> bool {
        if observed.taken.contains(&(kind, name.to_owned())) {
            self.taken(kind, name);
            return true;
        }
        let refusal = observed.refused.as_ref();
        let Some(refusal) = refusal.filter(|refusal| refusal.kind == kind && refusal.name == name) else {
            return false;
        };
        let (condition, reason) = match kind {
            Kind::ConfigMap => (ConditionType::ConfigurationReady, Reason::SourceUpdateFailed),
            Kind::Job => (ConditionType::BuildReady, Reason::JobFailed),
            _ => (ConditionType::Running, Reason::DeploymentFailed),
        };
        let message = format!("{kind} {name} was refused: {}", refusal.message);
        self.set(condition, "False", reason, message);
        true
    }

    fn taken(&mut self, kind: Kind, name: &str) {
        let message = format!(
            "{kind} {name} exists and does not belong to this Function: delete it, or give the Function another name"
        );
        self.set(ConditionType::ConfigurationReady, "False", Reason::NameConflict, message);
        self.wake = Some(TAKEN_RETRY);
    }

    pub(super) fn delete(&mut self, kind: Kind, name: String) {
        self.steps.push(Step::Delete(kind, name));
    }

    /// Plans a change of a Job, on condition that it has not changed since it was seen.
    pub(super) fn change(&mut self, job: &BuildJob, change: JobChange) {
        let (name, uid, version) = (job.name.clone(), job.uid.clone(), job.version.clone());
        self.steps.push(Step::Change { name, uid, version, change });
    }
}
