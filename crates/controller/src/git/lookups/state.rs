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
    /// A Function uses its remote no more. Another one that does, and asks from now on.
    pub(super) fn leave(&mut self, key: &Key) -> Option<Key> {
        let source = self.users.remove(key)?;
        let entry = self.remotes.get_mut(&source)?;
        entry.users.remove(key);
        let heir = entry.users.keys().next().cloned();
        if heir.is_none() {
            self.remotes.remove(&source);
        }
        heir
    }
}

impl Entry {
    /// The Functions for which the answer is another one than before, those that came when others were being asked for, and
    /// the one that asks when it is time.
    pub(super) fn changed(&self, before: Option<&Asked>) -> HashSet<Key> {
        let of = |answer: Option<&Asked>, user: &User| answer.and_then(|answer| of(answer, &user.reference));
        let after = self.answer.as_ref().map(|(_, answer)| answer);
        let mut changed: HashSet<_> = self
            .users
            .iter()
            .filter(|(_, user)| of(after, user).is_none() || of(before, user) != of(after, user))
            .map(|(key, _)| key.clone())
            .collect();
        changed.extend(self.users.keys().next().cloned());
        changed
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn key(name: &str) -> Key {
        ("n".to_owned(), name.to_owned())
    }

    fn state(users: &[(&str, &str)]) -> (State, Source) {
        let source = Source { url: "u".to_owned(), access: None };
        let mut state = State::default();
        let entry = state.remotes.entry(source.clone()).or_default();
        for (name, reference) in users {
            let user = User { reference: (*reference).to_owned(), poll: Duration::from_mins(5) };
            entry.users.insert(key(name), user);
            state.users.insert(key(name), source.clone());
        }
        (state, source)
    }

    #[test]
    fn who_came_while_others_were_asked_for_is_woken_to_ask() {
        let (mut state, source) = state(&[("early", "main"), ("late", "other")]);
        let answer = Ok(BTreeMap::from([("main".to_owned(), Resolution::Missing)]));
        let entry = state.remotes.get_mut(&source).unwrap();
        entry.answer = Some((Instant::now(), answer.clone()));
        assert!(entry.changed(Some(&answer)).contains(&key("late")));
    }

    #[test]
    fn who_goes_leaves_the_asking_to_another() {
        let (mut state, source) = state(&[("a", "main"), ("b", "main")]);
        assert_eq!(state.leave(&key("a")), Some(key("b")));
        assert_eq!(state.leave(&key("b")), None);
        assert!(!state.remotes.contains_key(&source));
    }
}
