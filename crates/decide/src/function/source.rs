//! The source: in the Function, from which it is copied to a ConfigMap, or at a commit of a Git repository.

use api::{ConditionType, Reason};

use super::ensure::{Ensured, wanted};
use super::git::{Answer, Remote};
use super::inputs::{Checkout, Inputs};
use super::model::{Function, Source, Status};
use super::objects;
use super::observed::Observed;
use crate::Kind;
use crate::draft::Draft;

/// Where the source is: `Some(None)` if it is in the Function; `None` if it is unknown, which is reported.
///
/// A Function whose repository cannot be asked keeps its commit.
#[allow(clippy::option_option, reason = "not known, in the Function, or at a commit")]
pub(super) fn place(
    function: &Function,
    observed: &Observed,
    draft: &mut Draft<Status>,
) -> Option<Option<Checkout>> {
    match &function.source {
        Source::Inline { .. } => Some(None),
        Source::Git { repository, reference, base_dir } => {
            let Some(remote) = &observed.git.remote else {
                let message =
                    no_repository(repository, observed.git.is_deleted, &function.identity.namespace);
                draft.set(ConditionType::ConfigurationReady, "False", Reason::GitRepositoryMissing, message);
                return None;
            };
            let status = &draft.status;
            let is_asked_for = status.source.as_ref() == Some(repository)
                && status.reference == *reference
                && status.base_dir == *base_dir;
            let recorded = status.commit.clone().filter(|_| is_asked_for);
            let commit = commit(function, &observed.git.answer, recorded, draft)?;
            let Remote { url, auth, host_keys } = remote.clone();
            Some(Some(Checkout { url, commit, auth, host_keys }))
        }
    }
}

fn no_repository(repository: &str, is_deleted: bool, namespace: &str) -> String {
    if is_deleted {
        format!(
            "GitRepository {repository} is being deleted: recreate it, or name another one in spec.source"
        )
    } else {
        format!("GitRepository {repository} is not in namespace {namespace}")
    }
}

/// The commit to build: from the answer, or the recorded one.
fn commit(
    function: &Function,
    answer: &Answer,
    recorded: Option<String>,
    draft: &mut Draft<Status>,
) -> Option<String> {
    let kind = ConditionType::ConfigurationReady;
    match answer {
        Answer::Commit(commit) => {
            let message = format!("Sources {} updated", function.identity.name);
            if recorded.as_ref() == Some(commit) {
                draft.set_unless_true(kind, Reason::SourceUpdated, message);
            } else {
                draft.set(kind, "True", Reason::SourceUpdated, message);
            }
            record(&function.source, commit, &mut draft.status);
            Some(commit.clone())
        }
        Answer::Pending => recorded,
        Answer::Failed { is_of_credentials, message } => {
            let reason =
                if *is_of_credentials { Reason::GitCredentialsInvalid } else { Reason::SourceUpdateFailed };
            draft.set(kind, "False", reason, format!("Sources update failed: {message}"));
            recorded
        }
    }
}

fn record(source: &Source, commit: &str, status: &mut Status) {
    if let Source::Git { repository, reference, base_dir } = source {
        status.source = Some(repository.clone());
        status.reference.clone_from(reference);
        status.base_dir.clone_from(base_dir);
        status.commit = Some(commit.to_owned());
    }
}

/// Ensures the ConfigMap of an inline source. Returns whether to go on.
pub(super) fn inline(inputs: &Inputs<'_>, observed: &Observed, draft: &mut Draft<Status>) -> bool {
    let (kind, created) = (ConditionType::ConfigurationReady, Reason::ConfigMapCreated);
    let wanted = wanted(Kind::ConfigMap, &objects::config_map(inputs));
    match draft.ensure(&inputs.identity.uid, observed, wanted, &observed.config_map) {
        Ensured::Stopped => return false,
        Ensured::Created(message) => draft.set(kind, "True", created, message),
        Ensured::Updated(message) => draft.set(kind, "True", Reason::ConfigMapUpdated, message),
        Ensured::Same => {
            draft.set_unless_true(kind, created, format!("ConfigMap {} created", inputs.identity.child()));
        }
    }
    let status = &mut draft.status;
    (status.reference, status.base_dir, status.commit) = (None, None, None);
    true
}
