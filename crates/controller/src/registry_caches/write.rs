//! How objects of a cache are written, and what is learnt from refusals.

use api::cache::CacheReason;
use cluster::Error;
use decide::Kind;
use decide::cache::instance::Instance;
use decide::cache::problem::Problem;
use decide::owner::is_owned;
use decide::plan::{Step, Wanted};
use decide::registry::observed::Rollout;
use serde_json::Value;

use super::caches::RegistryCaches;
use crate::owned::Owned;

/// What has come of the steps of a plan.
#[derive(Default)]
pub(super) struct Written {
    pub(super) problems: Vec<Problem>,
    /// The rollout of the Pods, if they were written.
    pub(super) pods: Option<Rollout>,
    /// The Service, if it was written.
    pub(super) service: Option<Value>,
}

impl RegistryCaches {
    /// Takes all steps that the API server lets us take.
    pub(super) async fn write(&self, instance: &Instance<'_>, steps: &[Step]) -> Result<Written, Error> {
        let mut written = Written::default();
        for step in steps {
            // Pods must not start with what an earlier step should have changed.
            if !written.problems.is_empty() && is_of(step, Kind::StatefulSet) {
                break;
            }
            match self.take(instance, step).await {
                Ok(Some(object)) if is_of(step, Kind::StatefulSet) => {
                    written.pods = Some(Rollout::of(&object));
                }
                Ok(Some(object)) if is_of(step, Kind::Service) => written.service = Some(object),
                Ok(_) => {}
                Err(error) => written.problems.push(problem(&error).ok_or(error)?),
            }
        }
        Ok(written)
    }

    /// Takes a step. Returns what is stored after it, if it is written.
    pub(super) async fn take(&self, instance: &Instance<'_>, step: &Step) -> Result<Option<Value>, Error> {
        let is_ours = |stored: &Value| is_owned(stored, instance.uid);
        let object = match step {
            Step::Create(wanted) => self.writer.create(&Owned { wanted, is_ours: &is_ours }).await?,
            Step::Apply(wanted) => self.writer.update(&Owned { wanted, is_ours: &is_ours }).await?,
            Step::Delete(kind, name) => {
                self.writer.delete_if(*kind, instance.namespace(), name, is_ours).await?;
                return Ok(None);
            }
            // A cache has no Jobs.
            Step::Change { .. } => return Ok(None),
        };
        object.value().map(Some).map_err(Error::of_json)
    }
}

fn is_of(step: &Step, of: Kind) -> bool {
    matches!(step, Step::Create(Wanted { kind, .. }) | Step::Apply(Wanted { kind, .. }) if *kind == of)
}

/// What is reported of an error; `None` if it is retried soon.
pub(super) fn problem(error: &Error) -> Option<Problem> {
    match error {
        Error::Taken { kind, name } => Some(Problem::taken(*kind, name)),
        Error::Refused { kind, name, message } => Some(Problem::refused(*kind, name, message)),
        Error::Unmade(message) => Some(Problem { reason: CacheReason::FailedSync, message: message.clone() }),
        Error::Api(_) | Error::Deposed | Error::NoTime | Error::Panicked => None,
    }
}
