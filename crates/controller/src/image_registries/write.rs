//! How objects of a registry are written, and what is learnt from refusals.

use api::registry::RegistryReason;
use cluster::Error;
use decide::Kind;
use decide::owner::is_owned;
use decide::plan::{Step, Wanted};
use decide::registry::instance::Instance;
use decide::registry::observed::Rollout;
use decide::registry::problem::Problem;
use decide::registry::sync::is_ours;
use serde_json::Value;

use super::registries::ImageRegistries;
use crate::owned::Owned;

/// What has come of the steps of a plan.
#[derive(Default)]
pub(super) struct Written {
    pub(super) problems: Vec<Problem>,
    /// The rollout of the Pods, if they were written.
    pub(super) pods: Option<Rollout>,
}

impl ImageRegistries {
    /// Takes all steps that the API server lets us take.
    pub(super) async fn write(&self, instance: &Instance<'_>, steps: &[Step]) -> Result<Written, Error> {
        let mut written = Written::default();
        for step in steps {
            // Pods must not start with what an earlier step should have changed.
            if !written.problems.is_empty() && is_of_pods(step) {
                break;
            }
            match self.take(instance, step).await {
                Ok(pods) => written.pods = pods.or(written.pods),
                Err(error) => written.problems.push(problem_of(step, &error).ok_or(error)?),
            }
        }
        Ok(written)
    }

    /// Takes a step. Returns the rollout of the Pods, if it changes them.
    pub(super) async fn take(&self, instance: &Instance<'_>, step: &Step) -> Result<Option<Rollout>, Error> {
        let object = match step {
            Step::Create(wanted) => {
                let is_ours = |stored: &Value| is_ours(instance, wanted.kind, stored);
                self.writer.create(&Owned { wanted, is_ours: &is_ours }).await?
            }
            Step::Apply(wanted) => {
                let is_ours = |stored: &Value| is_ours(instance, wanted.kind, stored);
                self.writer.update(&Owned { wanted, is_ours: &is_ours }).await?
            }
            Step::Delete(kind, name) => {
                let is_owned = |stored: &Value| is_owned(stored, instance.uid);
                self.writer.delete_if(*kind, instance.namespace, name, is_owned).await?;
                return Ok(None);
            }
            // A registry has no Jobs.
            Step::Change { .. } => return Ok(None),
        };
        if object.kind() != Some(Kind::StatefulSet.as_str()) {
            return Ok(None);
        }
        Ok(Some(Rollout::of(&object.value().map_err(Error::of_json)?)))
    }
}

fn is_of_pods(step: &Step) -> bool {
    matches!(step, Step::Create(wanted) | Step::Apply(wanted) if wanted.kind == Kind::StatefulSet)
}

/// What is reported of an error; `None` if it is retried soon.
pub(super) fn problem(error: &Error) -> Option<Problem> {
    match error {
        Error::Taken { kind, name } => Some(Problem::taken(*kind, name)),
        Error::Refused { kind, name, message } => Some(Problem::refused(*kind, name, message)),
        Error::Unmade(message) => {
            Some(Problem { reason: RegistryReason::FailedSync, message: message.clone() })
        }
        Error::Api(_) | Error::Deposed | Error::NoTime | Error::Panicked => None,
    }
}

fn problem_of(step: &Step, error: &Error) -> Option<Problem> {
    match step {
        Step::Create(Wanted { kind: Kind::Certificate, .. }) if error.is_not_found() => {
            let message =
                "the cluster has no Certificates of cert-manager: install cert-manager, or remove issuerRef";
            Some(Problem::certificate(message.to_owned()))
        }
        _ => problem(error),
    }
}
