//! The source: in the Function, from where it goes into a ConfigMap, or at a commit of a Git repository.

use api::{Function, GitAuth};

use super::next::{Ensured, Next};
use super::{Kind, Observed, Reason};
use crate::desired::{self, Checkout, Inputs};
use crate::names::Identity;

/// What is known of the repository of a Function.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Git {
    /// The repository, if there is a `GitRepository` of the name.
    pub remote: Option<Remote>,
    /// What it says of the reference.
    pub answer: Answer,
    /// Whether the `GitRepository` is there, but is being deleted.
    pub is_deleted: bool,
    /// Whether nothing may be fetched: it is not known that the address is one that is asked, and that the Secret may be sent
    /// there.
    pub is_withheld: bool,
}

/// A `GitRepository`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Remote {
    /// The address.
    pub url: String,
    /// The credentials to read it with.
    pub auth: Option<GitAuth>,
    /// The host keys that were met first, as lines of a `known_hosts` file.
    pub host_keys: String,
}

/// What a repository says of a reference.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Answer {
    /// Nothing yet.
    #[default]
    Pending,
    /// The commit, in full.
    Commit(String),
    /// Nothing, since it could not be asked, or knows no such reference.
    Failed {
        /// Whether other credentials are the remedy.
        is_of_credentials: bool,
        /// Why, without any part of a credential.
        message: String,
    },
}

/// Where the source is.
pub(super) enum Place {
    /// In the Function.
    Inline,
    /// At a commit.
    Git(Checkout),
}

/// Where the source is; `None` if that is not known, which has been said.
///
/// A Function whose repository cannot be asked stays at the commit that it has.
pub(super) fn place(
    function: &Function,
    observed: &Observed,
    identity: &Identity,
    next: &mut Next,
) -> Option<Place> {
    let spec = &function.spec;
    if !spec.is_git() {
        return Some(Place::Inline);
    }
    let kind = Kind::ConfigurationReady;
    let Some(remote) = &observed.git.remote else {
        let message = if observed.git.is_deleted {
            format!(
                "GitRepository {} is being deleted, and is not used any more: create it anew, or name another one in spec.source",
                spec.source
            )
        } else {
            format!("GitRepository {} is not in namespace {}", spec.source, identity.namespace)
        };
        next.set(kind, "False", Reason::GitRepositoryMissing, message);
        return None;
    };
    let status = &next.status;
    let is_asked_for = status.source.as_ref() == Some(&spec.source)
        && status.reference == spec.reference
        && status.base_dir == spec.base_dir;
    let recorded = status.commit.clone().filter(|_| is_asked_for);
    let commit = match &observed.git.answer {
        Answer::Commit(commit) => {
            let message = format!("Sources {} updated", identity.name);
            if recorded.as_ref() == Some(commit) {
                next.set_unless_true(kind, Reason::SourceUpdated, message);
            } else {
                next.set(kind, "True", Reason::SourceUpdated, message);
            }
            next.status.source = Some(spec.source.clone());
            next.status.reference.clone_from(&spec.reference);
            next.status.base_dir.clone_from(&spec.base_dir);
            next.status.commit = Some(commit.clone());
            commit.clone()
        }
        Answer::Pending => recorded?,
        Answer::Failed { is_of_credentials, message } => {
            let reason =
                if *is_of_credentials { Reason::GitCredentialsInvalid } else { Reason::SourceUpdateFailed };
            next.set(kind, "False", reason, format!("Sources update failed: {message}"));
            recorded?
        }
    };
    let Remote { url, auth, host_keys } = remote.clone();
    Some(Place::Git(Checkout { url, commit, auth, host_keys }))
}

/// Sees to the ConfigMap of an inline source. Whether to go on.
pub(super) fn inline(inputs: &Inputs<'_>, observed: &Observed, next: &mut Next) -> bool {
    let (kind, created) = (Kind::ConfigurationReady, Reason::ConfigMapCreated);
    let wanted = desired::config_map(inputs);
    match next.ensure(inputs, observed, &wanted, &observed.config_map) {
        Ensured::Stopped => return false,
        Ensured::Created(message) => next.set(kind, "True", created, message),
        Ensured::Updated(message) => next.set(kind, "True", Reason::ConfigMapUpdated, message),
        Ensured::Same => {
            next.set_unless_true(kind, created, format!("ConfigMap {} created", inputs.identity.child()));
        }
    }
    let status = &mut next.status;
    (status.reference, status.base_dir, status.commit) = (None, None, None);
    true
}
