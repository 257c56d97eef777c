//! Polling a remote: waits for a turn, reads the Secret, and handles the result.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use api::GitAuth;
use api::names::{HOST_KEYS, git_label};
use cluster::{Note, or_else, version};
use decide::Kind;
use decide::backoff::retry;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ObjectReference, Secret};
use kube::{Api, Resource as _};
use process::causes::Causes;
use remote::git::{Credentials, GitError, ask, is_labelled};
use remote::guard;
use serde_json::json;

use super::super::packed::reference;
use super::super::repository::MAX_HOST_KEYS;
use super::state::{Access, Asked, HostKeyLines, Source};
use super::{Lookups, after};

/// How long to wait for more Functions that use a remote before it is polled.
const GATHER: Duration = Duration::from_millis(50);

/// The result of a poll.
struct Outcome {
    answer: Asked,
    /// Whether the Secret may be sent.
    is_cleared: bool,
    /// The host keys, if one is new.
    recorded: Option<HostKeyLines>,
}

impl Lookups {
    pub(super) async fn look_up(&self, source: Source) {
        tokio::time::sleep(GATHER).await;
        let turn = self.0.turns.take(&source.namespace).await;
        let asked = self.state().remotes.get(&source).map(|entry| {
            let references: BTreeSet<_> = entry.users.values().map(|user| user.reference.clone()).collect();
            (references, entry.host_keys.clone(), entry.is_told)
        });
        let Some((references, host_keys, is_told)) = asked else { return };
        let outcome = guard::holding(turn, self.outcome(&source, &references, &host_keys, is_told));
        let outcome = or_else(Box::pin(outcome), Outcome::of_panic).await;
        self.0.metrics.lookup(outcome.answer.as_ref().map_or_else(GitError::word, |_| "success"));
        self.settle(&source, outcome);
    }

    /// Stores the result, and wakes the Functions that it matters to.
    fn settle(&self, source: &Source, outcome: Outcome) {
        let mut state = self.state();
        let Some(entry) = state.remotes.get_mut(source) else { return };
        entry.is_asked = false;
        entry.is_told = outcome.is_cleared;
        entry.is_cleared = outcome.is_cleared;
        if let Some(recorded) = outcome.recorded {
            entry.host_keys = recorded;
        }
        let now = Instant::now();
        let pause = if outcome.answer.is_ok() {
            entry.failures = 0;
            let poll = entry.users.values().map(|user| user.poll).min().unwrap_or(self.0.config.poll);
            // A random part, so that remotes that were polled together drift apart.
            poll.mul_f64(0.9 + fastrand::f64() / 5.0)
        } else {
            entry.failures = entry.failures.saturating_add(1);
            retry(entry.failures, fastrand::f64())
        };
        entry.due = Some(after(now, pause));
        let before = entry.answer.replace((now, outcome.answer));
        entry.log(source, before.as_ref().map(|(_, answer)| answer));
        let changed = entry.changed(before.as_ref().map(|(_, answer)| answer));
        for key in changed {
            // The receiving loop lives as long as this.
            let _ = self.0.wake.unbounded_send(reference(&key));
        }
    }

    async fn outcome(
        &self,
        source: &Source,
        references: &BTreeSet<String>,
        host_keys: &HostKeyLines,
        is_told: bool,
    ) -> Outcome {
        let mut outcome = Outcome { answer: Err(GitError::Panic), is_cleared: false, recorded: None };
        let credentials = match &source.access {
            None => Ok(Credentials::None),
            Some(access) => self.credentials(source, access, &host_keys.lines, is_told).await,
        };
        let credentials = match credentials {
            Ok(credentials) => credentials,
            Err(error) => return Outcome { answer: Err(error), ..outcome },
        };
        outcome.is_cleared = true;
        let said = match ask(&source.url, &credentials, references, &self.0.config).await {
            Ok(said) => said,
            Err(error) => return Outcome { answer: Err(error), ..outcome },
        };
        if let (Some(line), Some(access)) = (said.new_host_key, &source.access) {
            match self.record(&source.namespace, access, &host_keys.lines, &line).await {
                Ok(recorded) => outcome.recorded = Some(recorded),
                Err(error) => return Outcome { answer: Err(error), ..outcome },
            }
        }
        Outcome { answer: Ok(said.references), ..outcome }
    }

    async fn credentials(
        &self,
        source: &Source,
        access: &Access,
        host_keys: &str,
        is_told: bool,
    ) -> Result<Credentials, GitError> {
        let (name, namespace) = (&access.secret, &source.namespace);
        let secrets = Api::<Secret>::namespaced(self.0.writer.client().clone(), namespace);
        let secret = secrets
            .get_opt(name)
            .await
            .map_err(|error| GitError::Unreachable(format!("Secret {name} cannot be read: {error}")))?
            .ok_or_else(|| GitError::Secret(format!("Secret {name} is not in namespace {namespace}")))?;
        let created = secret.metadata.creation_timestamp.as_ref().map(|time| time.0);
        let needs_word = !is_told && !is_labelled(&secret);
        let auth = GitAuth { auth_type: access.auth_type.clone(), secret_name: name.clone() };
        let config = &self.0.config;
        let credentials = Credentials::of(&auth, secret, host_keys, config.require_credentials_label)?;
        if needs_word {
            self.tell_of_label(namespace, access, created.unwrap_or_default()).await;
        }
        Ok(credentials)
    }

    /// Reports that a Secret should be labelled. This happens once: an Event with the same repository, time and action
    /// has the same name.
    async fn tell_of_label(&self, namespace: &str, access: &Access, created: Timestamp) {
        let note = format!(
            "Secret {} is sent to the Git server without the label {}={}: add the label, since the controller requires it once git.requireCredentialsLabel is set",
            access.secret,
            git_label::KEY,
            git_label::VALUE
        );
        let note_of_label = Note {
            regarding: ObjectReference {
                api_version: Some(Kind::GitRepository.api_version()),
                kind: Some(Kind::GitRepository.as_str().to_owned()),
                namespace: Some(namespace.to_owned()),
                name: Some(access.repository.clone()),
                uid: Some(access.uid.clone()),
                ..ObjectReference::default()
            },
            time: created,
            action: "GitCredentials",
            reason: "GitCredentialsUnlabelled",
            note: &note,
            is_warning: true,
        };
        if let Err(error) = self.0.writer.note(&note_of_label).await {
            tracing::warn!(error = %Causes(&error), namespace, "cannot write an Event");
        }
    }

    /// Records the new host key of a server. A key that cannot be recorded is not trusted.
    async fn record(
        &self,
        namespace: &str,
        access: &Access,
        host_keys: &str,
        line: &str,
    ) -> Result<HostKeyLines, GitError> {
        let failed = |why: &str| GitError::HostKey(format!("cannot record the host key: {why}"));
        let mut lines = host_keys.to_owned();
        if !lines.is_empty() && !lines.ends_with('\n') {
            lines.push('\n');
        }
        lines.push_str(line);
        if lines.len() > MAX_HOST_KEYS {
            return Err(failed(&format!("annotation {HOST_KEYS} is full: remove lines")));
        }
        let patch = json!({"metadata": {"uid": access.uid, "annotations": {HOST_KEYS: lines}}});
        let patched = self.0.writer.patch(Kind::GitRepository, namespace, &access.repository, patch).await;
        let patched = patched.map_err(|error| failed(&error.to_string()))?;
        let version = version(patched.meta().resource_version.as_deref());
        Ok(HostKeyLines { version, lines: lines.into() })
    }
}

impl Outcome {
    /// The result of a poll that panicked: the remote is retried after a while, and the others continue.
    fn of_panic() -> Self {
        Self { answer: Err(GitError::Panic), is_cleared: false, recorded: None }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

    use super::*;

    #[tokio::test]
    async fn a_look_up_that_panics_has_an_outcome() {
        let outcome = or_else(async { panic!("on purpose") }, Outcome::of_panic).await;
        assert!(!outcome.is_cleared);
        let error = outcome.answer.unwrap_err();
        assert_eq!(error.word(), "panic");
        assert_eq!(error.to_string(), "the controller failed on the look-up; its log says where");
    }
}
