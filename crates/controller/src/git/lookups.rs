//! When a remote is asked, and for whom: once for all Functions that use it, beside the loop, which goes on meanwhile.

mod state;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use api::names::{GIT_POLL_INTERVAL, HOST_KEYS};
use api::{Function, GitAuth, GitRepository};
use futures::channel::mpsc::UnboundedSender;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Patch, PatchParams};
use kube::runtime::reflector::ObjectRef;
use kube::{Api, Client};
use operation::lease::Term;
use serde_json::json;
use tokio::sync::Semaphore;

use super::refs::{is_commit, missing, problem};
use super::{Credentials, GitConfig, GitError, Resolution, ask};
use crate::backoff::retry;
use crate::decide::{Answer, Git, Remote};
use crate::metrics::Metrics;
use crate::names::Identity;
use crate::queue::Key;
use crate::run::reference;
use crate::stores::Stores;
use crate::stores::function::PackedFunction;
use state::{Access, Asked, Source, State, User, of};

/// How long to wait for more Functions of a remote before it is asked.
const GATHER: Duration = Duration::from_millis(50);
/// The least time between two questions for a Function.
const LEAST_POLL: Duration = Duration::from_secs(5);

/// All look-ups.
#[derive(Clone)]
pub(crate) struct Lookups(Arc<Inner>);

struct Inner {
    client: Client,
    config: GitConfig,
    term: Term,
    metrics: Arc<Metrics>,
    wake: UnboundedSender<ObjectRef<PackedFunction>>,
    slots: Semaphore,
    state: Mutex<State>,
}

impl Lookups {
    pub(crate) fn new(
        client: Client,
        config: GitConfig,
        term: Term,
        metrics: Arc<Metrics>,
        wake: UnboundedSender<ObjectRef<PackedFunction>>,
    ) -> Self {
        let slots = Semaphore::new(config.concurrency);
        Self(Arc::new(Inner { client, config, term, metrics, wake, slots, state: Mutex::default() }))
    }

    /// What is known of the repository of a Function, which is asked if it is time.
    pub(crate) fn ask(&self, function: &Function, identity: &Identity, stores: &Stores) -> Git {
        let key = (identity.namespace.clone(), identity.name.clone());
        let spec = &function.spec;
        let Some(repository) = stores.repository(&identity.namespace, &spec.source) else {
            self.forget(&key);
            return Git::default();
        };
        let auth = repository.spec.auth.clone();
        let remote = Remote {
            url: repository.spec.url.clone(),
            auth: auth.clone(),
            host_keys: repository.host_keys.clone(),
        };
        let reference = spec.reference.clone().unwrap_or_default();
        let answer = if is_commit(&reference) {
            self.forget(&key);
            Answer::Commit(reference.to_ascii_lowercase())
        } else if let Some(problem) = problem(&reference) {
            self.forget(&key);
            Answer::Failed { is_of_credentials: false, message: format!("reference {reference:?} {problem}") }
        } else {
            let access = auth.map(|GitAuth { auth_type, secret_name }| Access {
                version: stores.secret_version(&identity.namespace, &secret_name).unwrap_or_default(),
                auth_type,
                namespace: identity.namespace.clone(),
                secret: secret_name,
                repository: spec.source.clone(),
            });
            let source = Source { url: remote.url.clone(), access };
            self.answer(&key, source, &repository.host_keys, User { reference, poll: self.poll(function) })
        };
        Git { remote: Some(remote), answer }
    }

    fn answer(&self, key: &Key, source: Source, host_keys: &str, user: User) -> Answer {
        let mut state = self.state();
        if state.users.get(key) != Some(&source) {
            self.hand_over(state.leave(key));
            state.users.insert(key.clone(), source.clone());
        }
        let entry = state.remotes.entry(source.clone()).or_default();
        if entry.host_keys != host_keys {
            host_keys.clone_into(&mut entry.host_keys);
            // What was refused may be right now; what was right stays so.
            if entry.failures > 0 {
                entry.due = None;
            }
        }
        let reference = user.reference.clone();
        let poll = user.poll;
        entry.users.insert(key.clone(), user);
        if let (Some((at, Ok(_))), Some(due)) = (&entry.answer, &mut entry.due) {
            // Whoever wants to know sooner.
            *due = (*due).min(*at + poll);
        }
        let known = entry.answer.as_ref().and_then(|(_, answer)| of(answer, &reference));
        let is_due = known.is_none() || entry.due.is_none_or(|due| due <= Instant::now());
        if is_due && !entry.is_asked {
            entry.is_asked = true;
            let (lookups, source) = (self.clone(), source);
            tokio::spawn(async move { lookups.look_up(source).await });
        }
        drop(state);
        match known {
            None => Answer::Pending,
            Some(Ok(Resolution::Commit(commit))) => Answer::Commit(commit),
            Some(Ok(Resolution::Missing)) => {
                Answer::Failed { is_of_credentials: false, message: missing(&reference) }
            }
            Some(Err(error)) => {
                Answer::Failed { is_of_credentials: error.is_of_credentials(), message: error.to_string() }
            }
        }
    }

    /// In how long a Function is to ask again.
    pub(crate) fn due(&self, key: &Key) -> Option<Duration> {
        let state = self.state();
        let entry = state.remotes.get(state.users.get(key)?)?;
        if entry.is_asked {
            return None;
        }
        Some(entry.due?.saturating_duration_since(Instant::now()))
    }

    /// A Function uses no remote any more.
    pub(crate) fn forget(&self, key: &Key) {
        let heir = self.state().leave(key);
        self.hand_over(heir);
    }

    /// Wakes the Function that is to ask in place of one that went.
    fn hand_over(&self, heir: Option<Key>) {
        if let Some(heir) = heir {
            // The loop that listens lives as long as this.
            let _ = self.0.wake.unbounded_send(reference(&heir));
        }
    }

    async fn look_up(&self, source: Source) {
        tokio::time::sleep(GATHER).await;
        // The semaphore is never closed.
        let _slot = self.0.slots.acquire().await;
        let (references, host_keys): (BTreeSet<String>, String) = {
            let state = self.state();
            let Some(entry) = state.remotes.get(&source) else { return };
            (entry.users.values().map(|user| user.reference.clone()).collect(), entry.host_keys.clone())
        };
        let answer = self.answer_of(&source, &references, &host_keys).await;
        self.0.metrics.lookup(answer.as_ref().map_or_else(GitError::word, |_| "success"));
        if let Err(error) = &answer {
            tracing::warn!(%error, "a Git remote gives no answer");
        }
        let mut state = self.state();
        let Some(entry) = state.remotes.get_mut(&source) else { return };
        entry.is_asked = false;
        let now = Instant::now();
        let pause = if answer.is_ok() {
            entry.failures = 0;
            let poll = entry.users.values().map(|user| user.poll).min().unwrap_or(self.0.config.poll);
            // So that remotes that were asked together drift apart.
            poll.mul_f64(0.9 + fastrand::f64() / 5.0)
        } else {
            entry.failures = entry.failures.saturating_add(1);
            retry(entry.failures, fastrand::f64())
        };
        entry.due = Some(now + pause);
        let before = entry.answer.replace((now, answer));
        let changed = entry.changed(before.as_ref().map(|(_, answer)| answer));
        for key in changed {
            // The loop that listens lives as long as this.
            let _ = self.0.wake.unbounded_send(reference(&key));
        }
    }

    async fn answer_of(&self, source: &Source, references: &BTreeSet<String>, host_keys: &str) -> Asked {
        let credentials = match &source.access {
            None => Credentials::None,
            Some(access) => self.credentials(access, host_keys).await?,
        };
        let said = ask(&source.url, &credentials, references, &self.0.config).await?;
        if let (Some(line), Some(access)) = (said.new_host_key, &source.access) {
            self.record(access, host_keys, &line).await?;
        }
        Ok(said.references)
    }

    async fn credentials(&self, access: &Access, host_keys: &str) -> Result<Credentials, GitError> {
        let name = &access.secret;
        let secrets = Api::<Secret>::namespaced(self.0.client.clone(), &access.namespace);
        let secret = secrets
            .get_opt(name)
            .await
            .map_err(|error| GitError::Unreachable(format!("Secret {name} cannot be read: {error}")))?
            .ok_or_else(|| {
                GitError::Secret(format!("Secret {name} is not in namespace {}", access.namespace))
            })?;
        let auth = GitAuth { auth_type: access.auth_type.clone(), secret_name: name.clone() };
        Credentials::of(&auth, secret, host_keys)
    }

    /// Notes the key by which a host is known from now on. A key that cannot be noted is not trusted.
    async fn record(&self, access: &Access, host_keys: &str, line: &str) -> Result<(), GitError> {
        let failed = |why: &str| GitError::HostKey(format!("the host key cannot be recorded: {why}"));
        if !self.0.term.holds() {
            return Err(failed("this process does not lead any more"));
        }
        let repositories = Api::<GitRepository>::namespaced(self.0.client.clone(), &access.namespace);
        let mut lines = host_keys.to_owned();
        if !lines.is_empty() && !lines.ends_with('\n') {
            lines.push('\n');
        }
        lines.push_str(line);
        let patch = Patch::Merge(json!({"metadata": {"annotations": {HOST_KEYS: lines}}}));
        let patched = repositories.patch_metadata(&access.repository, &PatchParams::default(), &patch).await;
        patched.map(drop).map_err(|error| failed(&error.to_string()))
    }

    fn poll(&self, function: &Function) -> Duration {
        let annotations = function.metadata.annotations.as_ref();
        let wish = annotations.and_then(|all| all.get(GIT_POLL_INTERVAL));
        let wish = wish.and_then(|text| text.parse::<jiff::SignedDuration>().ok());
        wish.and_then(|wish| Duration::try_from(wish).ok()).unwrap_or(self.0.config.poll).max(LEAST_POLL)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
