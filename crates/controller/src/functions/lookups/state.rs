//! The state of remotes: which Functions use them, what they answered, and when they are polled again.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use decide::Key;
use policy::git_url;
use remote::git::{GitError, Resolution};

/// The most branches and tags of one remote that are followed.
const MAX_REFERENCES: usize = 256;
/// The most remotes that are polled for one namespace.
const MAX_REMOTES: usize = 1000;

#[derive(Default)]
pub(super) struct State {
    pub(super) remotes: HashMap<Source, Entry>,
    /// The remote of each Function.
    pub(super) users: HashMap<Key, Source>,
    /// The number of remotes of each namespace.
    numbers: HashMap<String, usize>,
    /// Functions for which there was no room.
    turned_away: HashSet<Key>,
}

/// A remote: its namespace, address and access. If any of these differs, it is another remote. Namespaces share none,
/// so that no namespace can make the remote of another one be polled more often, or later.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct Source {
    pub(super) namespace: String,
    pub(super) url: String,
    pub(super) access: Option<Access>,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct Access {
    pub(super) auth_type: String,
    pub(super) secret: String,
    /// The version of the Secret; empty if there is none.
    pub(super) version: String,
    /// The `GitRepository` that records host keys.
    pub(super) repository: String,
    /// Its UID.
    pub(super) uid: String,
}

#[derive(Default)]
pub(super) struct Entry {
    pub(super) users: HashMap<Key, User>,
    /// The host keys that were recorded when the host was first seen.
    pub(super) host_keys: HostKeyLines,
    pub(super) is_asked: bool,
    /// Whether the Secret may be sent.
    pub(super) is_cleared: bool,
    /// Whether it is reported that the Secret has no label.
    pub(super) is_told: bool,
    /// The time and the answer of the last poll.
    pub(super) answer: Option<(Instant, Asked)>,
    pub(super) failures: u32,
    /// The time of the next poll.
    pub(super) due: Option<Instant>,
}

/// Host keys, and the version of the `GitRepository` that holds them.
#[derive(Clone, Default)]
pub(super) struct HostKeyLines {
    pub(super) version: u64,
    pub(super) lines: Arc<str>,
}

/// Commits by references.
pub(super) type Asked = Result<BTreeMap<String, Resolution>, GitError>;

pub(super) struct User {
    pub(super) reference: String,
    pub(super) poll: Duration,
}

/// The answer about a reference; `None` if it was not requested.
pub(super) fn of(answer: &Asked, reference: &str) -> Option<Result<Resolution, GitError>> {
    match answer {
        Ok(references) => references.get(reference).cloned().map(Ok),
        Err(error) => Some(Err(error.clone())),
    }
}

impl State {
    /// A Function starts to use a remote; an error if there is no room.
    pub(super) fn join(&mut self, key: &Key, source: &Source, user: User) -> Result<&mut Entry, String> {
        let joined = self.try_join(key, source, user);
        if joined.is_err() {
            self.turned_away.insert(key.clone());
        } else {
            self.turned_away.remove(key);
        }
        joined?;
        Ok(self.remotes.entry(source.clone()).or_default())
    }

    fn try_join(&mut self, key: &Key, source: &Source, user: User) -> Result<(), String> {
        if let Some(entry) = self.remotes.get_mut(source) {
            let mut references: HashSet<_> = entry
                .users
                .iter()
                .filter(|(other, _)| *other != key)
                .map(|(_, user)| &user.reference)
                .collect();
            references.insert(&user.reference);
            if references.len() > MAX_REFERENCES {
                return Err(format!(
                    "more than {MAX_REFERENCES} branches, tags and commits of this repository are used in the namespace: use fewer"
                ));
            }
            entry.users.insert(key.clone(), user);
        } else {
            let number = self.numbers.entry(source.namespace.clone()).or_default();
            if *number >= MAX_REMOTES {
                return Err(format!(
                    "more than {MAX_REMOTES} repositories are used in the namespace: use fewer"
                ));
            }
            *number += 1;
            self.remotes.entry(source.clone()).or_default().users.insert(key.clone(), user);
        }
        self.users.insert(key.clone(), source.clone());
        Ok(())
    }

    /// Whether there was no room for a Function.
    pub(super) fn is_turned_away(&self, key: &Key) -> bool {
        self.turned_away.contains(key)
    }

    /// A Function stops using its remote. Returns another Function that uses it and polls from now on.
    pub(super) fn leave(&mut self, key: &Key) -> Option<Key> {
        self.turned_away.remove(key);
        let source = self.users.remove(key)?;
        let entry = self.remotes.get_mut(&source)?;
        entry.users.remove(key);
        let heir = entry.users.keys().next().cloned();
        if heir.is_none() {
            self.remotes.remove(&source);
            if let Some(number) = self.numbers.get_mut(&source.namespace) {
                *number -= 1;
                if *number == 0 {
                    self.numbers.remove(&source.namespace);
                }
            }
        }
        heir
    }
}

impl Entry {
    /// The Functions whose answer differs from the previous one, those that joined during the poll, and the one that
    /// polls next.
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

    /// Logs that the remote cannot be read, once for each reason.
    pub(super) fn log(&self, source: &Source, before: Option<&Asked>) {
        let Some((_, Err(error))) = &self.answer else { return };
        if before.is_some_and(|before| before.as_ref().err() == Some(error)) {
            return;
        }
        // An invalid address could contain a credential.
        let url = if git_url::address(&source.url).is_ok() { source.url.as_str() } else { "" };
        tracing::warn!(%error, namespace = source.namespace, url, "cannot read a Git repository");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn key(name: &str) -> Key {
        ("n".to_owned(), name.to_owned())
    }

    fn source(url: &str) -> Source {
        Source { namespace: "n".to_owned(), url: url.to_owned(), access: None }
    }

    fn user(reference: &str) -> User {
        User { reference: reference.to_owned(), poll: Duration::from_mins(5) }
    }

    fn state(users: &[(&str, &str)]) -> (State, Source) {
        let source = source("u");
        let mut state = State::default();
        for (name, reference) in users {
            state.join(&key(name), &source, user(reference)).map(drop).unwrap();
        }
        (state, source)
    }

    #[test]
    fn references_of_a_remote_are_bounded() {
        let (mut state, source) = state(&[]);
        for number in 0..MAX_REFERENCES {
            state.join(&key(&format!("f{number}")), &source, user(&format!("r{number}"))).map(drop).unwrap();
        }
        state.join(&key("same"), &source, user("r1")).map(drop).unwrap();
        let error = state.join(&key("late"), &source, user("another")).map(drop).unwrap_err();
        assert_eq!(
            error,
            "more than 256 branches, tags and commits of this repository are used in the namespace: use fewer"
        );
        assert!(state.is_turned_away(&key("late")));
        // A Function may change its reference.
        state.join(&key("f0"), &source, user("r0-new")).map(drop).unwrap();
        state.leave(&key("f1"));
        state.leave(&key("same"));
        state.join(&key("late"), &source, user("another")).map(drop).unwrap();
        assert!(!state.is_turned_away(&key("late")));
    }

    #[test]
    fn remotes_of_a_namespace_are_bounded_and_nothing_is_left_of_those_that_go() {
        let mut state = State::default();
        for number in 0..MAX_REMOTES {
            let name = format!("f{number}");
            state.join(&key(&name), &source(&name), user("main")).map(drop).unwrap();
        }
        let error = state.join(&key("late"), &source("late"), user("main")).map(drop).unwrap_err();
        assert_eq!(error, "more than 1000 repositories are used in the namespace: use fewer");
        let other = Source { namespace: "other".to_owned(), ..source("late") };
        let of_other = ("other".to_owned(), "f".to_owned());
        state.join(&of_other, &other, user("main")).map(drop).unwrap();
        for key in state.users.keys().cloned().collect::<Vec<_>>() {
            state.leave(&key);
        }
        state.leave(&key("late"));
        assert!(state.remotes.is_empty() && state.users.is_empty());
        assert!(state.numbers.is_empty() && state.turned_away.is_empty());
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
