//! When a remote is polled, and for whom: once for all Functions of a namespace that use it, in parallel with the loop.
//! `asking` polls it.

mod asking;
mod state;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use api::GitAuth;
use api::names::GIT_POLL_INTERVAL;
use cluster::{Turns, Writer};
use decide::Key;
use decide::function::{Answer, Function, Git, Remote, Source as Code};
use futures::channel::mpsc::UnboundedSender;
use kube::runtime::reflector::ObjectRef;
use policy::git_url;
use remote::git::{GitConfig, GitError, Resolution, is_commit, missing, problem};

use super::packed::{PackedFunction, reference};
use super::repository::Repository;
use super::stores::Stores;
use crate::metrics::Metrics;
use state::{Access, HostKeyLines, Source, State, User, of};

/// The shortest poll interval of a Function.
const LEAST_POLL: Duration = Duration::from_secs(5);
/// The longest poll interval. It is also the interval for a commit, which never changes.
const LONGEST_POLL: Duration = Duration::from_hours(24);
/// After which time a Function retries for which there was no room.
const TURNED_AWAY: Duration = Duration::from_mins(5);

/// All remotes.
#[derive(Clone)]
pub(super) struct Lookups(Arc<Inner>);

struct Inner {
    writer: Writer,
    config: GitConfig,
    metrics: Arc<Metrics>,
    wake: UnboundedSender<ObjectRef<PackedFunction>>,
    turns: Turns,
    state: Mutex<State>,
}

/// What is known for one Function.
struct Known {
    answer: Answer,
    is_cleared: bool,
    host_keys: Arc<str>,
}

impl Lookups {
    pub(super) fn new(
        writer: Writer,
        config: GitConfig,
        metrics: Arc<Metrics>,
        wake: UnboundedSender<ObjectRef<PackedFunction>>,
    ) -> Self {
        let turns = Turns::new(config.concurrency, config.concurrency / 4);
        Self(Arc::new(Inner { writer, config, metrics, wake, turns, state: Mutex::default() }))
    }

    /// What is known about the repository of a Function. Starts a poll if it is due.
    pub(super) fn git(&self, function: &Function, stores: &Stores) -> Git {
        let identity = &function.identity;
        let (namespace, key) = (&identity.namespace, (identity.namespace.clone(), identity.name.clone()));
        let repository = match &function.source {
            Code::Git { repository, .. } => stores.repository(namespace, repository),
            Code::Inline { .. } => None,
        };
        let Some(repository) = repository.as_ref().filter(|repository| !repository.is_deleted) else {
            self.forget(&key);
            return Git { is_deleted: repository.is_some(), ..Git::default() };
        };
        self.ask_repository(&key, function, repository, |secret| stores.secret_version(namespace, secret))
    }

    fn ask_repository(
        &self,
        key: &Key,
        function: &Function,
        repository: &Repository,
        version: impl FnOnce(&str) -> Option<String>,
    ) -> Git {
        let (url, auth) = (repository.spec.url.clone(), repository.spec.auth.clone());
        let reference = function.source.reference().unwrap_or_default().to_owned();
        let failed = |message: String| Answer::Failed { is_of_credentials: false, message };
        let mut git = Git {
            remote: Some(Remote {
                url: url.clone(),
                auth: auth.clone(),
                host_keys: repository.host_keys.to_string(),
            }),
            ..Git::default()
        };
        if let Some(problem) = unusable(repository, &self.0.config) {
            self.forget(key);
            git.answer = failed(problem);
            git.is_withheld = true;
        } else if auth.is_none() && is_commit(&reference) {
            self.forget(key);
            git.answer = Answer::Commit(reference.to_ascii_lowercase());
        } else if let Some(problem) = problem(&reference) {
            self.forget(key);
            git.answer = failed(format!("reference {reference:?} {problem}"));
            git.is_withheld = auth.is_some();
        } else {
            // With a Secret, the remote is polled for a commit, too: only then it is known that the Secret may be sent
            // there, and which host key the server has.
            let poll = if is_commit(&reference) { LONGEST_POLL } else { self.poll(function) };
            let access = auth.map(|GitAuth { auth_type, secret_name }| Access {
                version: version(&secret_name).unwrap_or_default(),
                auth_type,
                secret: secret_name,
                repository: function.source.text().to_owned(),
                uid: repository.uid.clone(),
            });
            let needs_clearance = access.is_some();
            let source = Source { namespace: key.0.clone(), url, access };
            let host_keys =
                HostKeyLines { version: repository.version, lines: Arc::clone(&repository.host_keys) };
            let known = self.answer(key, source, host_keys, User { reference, poll });
            git.answer = known.answer;
            git.is_withheld = needs_clearance && !known.is_cleared;
            if let Some(remote) = &mut git.remote {
                remote.host_keys = known.host_keys.to_string();
            }
        }
        git
    }

    fn answer(&self, key: &Key, source: Source, host_keys: HostKeyLines, user: User) -> Known {
        let mut state = self.state();
        if state.users.get(key) != Some(&source) {
            self.hand_over(state.leave(key));
        }
        let (reference, poll) = (user.reference.clone(), user.poll);
        let entry = match state.join(key, &source, user) {
            Ok(entry) => entry,
            Err(message) => {
                let answer = Answer::Failed { is_of_credentials: false, message };
                return Known { answer, is_cleared: false, host_keys: host_keys.lines };
            }
        };
        // The watch may not show yet what was just recorded.
        if host_keys.version >= entry.host_keys.version {
            let is_same = entry.host_keys.lines == host_keys.lines;
            entry.host_keys = host_keys;
            // With other host keys, a failure may become a success, so it is retried at once; a success stays one.
            if !is_same && entry.failures > 0 {
                entry.due = None;
            }
        }
        if let (Some((at, Ok(_))), Some(due)) = (&entry.answer, &mut entry.due) {
            // A new user may have a shorter interval.
            *due = (*due).min(after(*at, poll));
        }
        let known = entry.answer.as_ref().and_then(|(_, answer)| of(answer, &reference));
        let is_due = known.is_none() || entry.due.is_none_or(|due| due <= Instant::now());
        if is_due && !entry.is_asked {
            entry.is_asked = true;
            let lookups = self.clone();
            tokio::spawn(Box::pin(async move { lookups.look_up(source).await }));
        }
        Known {
            answer: answer_of(known, &reference),
            is_cleared: entry.is_cleared,
            host_keys: Arc::clone(&entry.host_keys.lines),
        }
    }

    /// How long until a Function has to poll again.
    pub(super) fn due(&self, key: &Key) -> Option<Duration> {
        let state = self.state();
        if state.is_turned_away(key) {
            return Some(TURNED_AWAY);
        }
        let entry = state.remotes.get(state.users.get(key)?)?;
        if entry.is_asked {
            return None;
        }
        Some(entry.due?.saturating_duration_since(Instant::now()))
    }

    /// A Function does not use a remote any more.
    pub(super) fn forget(&self, key: &Key) {
        let heir = self.state().leave(key);
        self.hand_over(heir);
    }

    /// Wakes the Function that polls in place of one that has left.
    fn hand_over(&self, heir: Option<Key>) {
        if let Some(heir) = heir {
            // The receiving loop lives as long as this.
            let _ = self.0.wake.unbounded_send(reference(&heir));
        }
    }

    fn poll(&self, function: &Function) -> Duration {
        poll(function.annotation(GIT_POLL_INTERVAL), self.0.config.poll)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The poll interval, from the annotation of a Function or from the configuration.
fn poll(wish: Option<&str>, otherwise: Duration) -> Duration {
    let wish = wish.and_then(|text| text.parse::<jiff::SignedDuration>().ok());
    let wish = wish.and_then(|wish| Duration::try_from(wish).ok()).unwrap_or(otherwise);
    wish.clamp(LEAST_POLL, LONGEST_POLL)
}

/// A later time; the same one on overflow.
fn after(time: Instant, pause: Duration) -> Instant {
    time.checked_add(pause).unwrap_or(time)
}

/// Why a `GitRepository` cannot be used, even if the webhook has accepted it.
fn unusable(repository: &Repository, config: &GitConfig) -> Option<String> {
    if let Some(problem) = repository.too_long {
        return Some(problem.to_owned());
    }
    let judged = git_url::parse(&repository.spec.url, config.urls).1;
    judged.err().map(|error| GitError::Address(error).to_string())
}

fn answer_of(known: Option<Result<Resolution, GitError>>, reference: &str) -> Answer {
    match known {
        None => Answer::Pending,
        Some(Err(error)) => {
            Answer::Failed { is_of_credentials: error.is_of_credentials(), message: error.to_string() }
        }
        Some(Ok(_)) if is_commit(reference) => Answer::Commit(reference.to_ascii_lowercase()),
        Some(Ok(Resolution::Commit(commit))) => Answer::Commit(commit),
        Some(Ok(Resolution::Missing)) => {
            Answer::Failed { is_of_credentials: false, message: missing(reference) }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("9223372036854775807s", LONGEST_POLL)]
    #[case("9223372036854775807h", Duration::from_mins(5))]
    #[case("2562047788015215h30m7s", LONGEST_POLL)]
    #[case("-9223372036854775807s", Duration::from_mins(5))]
    #[case("25h", LONGEST_POLL)]
    #[case("24h", LONGEST_POLL)]
    #[case("1ns", LEAST_POLL)]
    #[case("0s", LEAST_POLL)]
    #[case("30s", Duration::from_secs(30))]
    #[case("often", Duration::from_mins(5))]
    #[case("", Duration::from_mins(5))]
    fn any_interval_lies_in_its_bounds(#[case] wish: &str, #[case] expected: Duration) {
        assert_eq!(poll(Some(wish), Duration::from_mins(5)), expected);
        let now = Instant::now();
        assert!(after(now, poll(Some(wish), Duration::MAX)) > now);
    }

    #[test]
    fn a_time_that_does_not_exist_is_no_panic() {
        let now = Instant::now();
        assert_eq!(after(now, Duration::MAX), now);
    }
}
