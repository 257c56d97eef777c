//! What is remembered of remotes: who uses them, what they said, and when they are to be asked again.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant};

use crate::git::{GitError, Resolution};
use crate::queue::Key;

#[derive(Default)]
pub(super) struct State {
    pub(super) remotes: HashMap<Source, Entry>,
    /// Which remote a Function uses.
    pub(super) users: HashMap<Key, Source>,
}

/// What is asked, and with what: those that differ in any of it are different remotes.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct Source {
    pub(super) url: String,
    pub(super) access: Option<Access>,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct Access {
    pub(super) auth_type: String,
    pub(super) namespace: String,
    pub(super) secret: String,
    /// Of the Secret; empty if there is none.
    pub(super) version: String,
    /// The `GitRepository` that records host keys.
    pub(super) repository: String,
}

#[derive(Default)]
pub(super) struct Entry {
    pub(super) users: HashMap<Key, User>,
    /// The host keys that were recorded when the host was met first.
    pub(super) host_keys: String,
    pub(super) is_asked: bool,
    /// When it was asked last, and what it said.
    pub(super) answer: Option<(Instant, Asked)>,
    pub(super) failures: u32,
    /// When it is to be asked again.
    pub(super) due: Option<Instant>,
}

/// Commits by references.
pub(super) type Asked = Result<BTreeMap<String, Resolution>, GitError>;

pub(super) struct User {
    pub(super) reference: String,
    pub(super) poll: Duration,
}

/// What was said of a reference; `None` if it was not asked for.
pub(super) fn of(answer: &Asked, reference: &str) -> Option<Result<Resolution, GitError>> {
    match answer {
        Ok(references) => references.get(reference).cloned().map(Ok),
        Err(error) => Some(Err(error.clone())),
    }
}

impl State {
    pub(super) fn leave(&mut self, key: &Key) {
        let Some(source) = self.users.remove(key) else { return };
        if let Some(entry) = self.remotes.get_mut(&source) {
            entry.users.remove(key);
            if entry.users.is_empty() {
                self.remotes.remove(&source);
            }
        }
    }
}

impl Entry {
    /// The Functions for which the answer is another one than before, and those that wait to ask again.
    pub(super) fn changed(&self, before: Option<&Asked>) -> HashSet<Key> {
        let of = |answer: Option<&Asked>, user: &User| answer.and_then(|answer| of(answer, &user.reference));
        let after = self.answer.as_ref().map(|(_, answer)| answer);
        let mut changed: HashSet<_> = self
            .users
            .iter()
            .filter(|(_, user)| of(before, user) != of(after, user))
            .map(|(key, _)| key.clone())
            .collect();
        // One of them asks when it is time; which one is the same.
        changed.extend(self.users.keys().next().cloned());
        changed
    }
}
