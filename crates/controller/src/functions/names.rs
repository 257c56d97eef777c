//! The names of Functions by namespace, so that the cost of a change in one namespace depends only on that namespace.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cluster::key;
use decide::Key;
use kube::runtime::watcher::Event;

use super::packed::PackedFunction;

/// Shared by the watch that fills it and its readers.
#[derive(Clone, Default)]
pub(super) struct Names(Arc<Mutex<All>>);

#[derive(Default)]
struct All {
    known: BTreeSet<Key>,
    /// The names listed so far, during a new list.
    listed: BTreeSet<Key>,
}

impl Names {
    pub(super) fn see(&self, event: &Event<PackedFunction>) {
        let mut all = self.all();
        match event {
            Event::Init => all.listed.clear(),
            Event::InitApply(function) => drop(all.listed.insert(key(function))),
            Event::InitDone => all.known = std::mem::take(&mut all.listed),
            Event::Apply(function) => drop(all.known.insert(key(function))),
            Event::Delete(function) => drop(all.known.remove(&key(function))),
        }
    }

    /// The names in a namespace.
    pub(super) fn of(&self, namespace: &str) -> Vec<String> {
        let from = (namespace.to_owned(), String::new());
        let all = self.all();
        let those = all.known.range(from..).take_while(|(known, _)| known == namespace);
        those.map(|(_, name)| name.clone()).collect()
    }

    fn all(&self) -> MutexGuard<'_, All> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::json;

    use super::*;

    #[test]
    fn names_follow_the_watch() {
        let function = |namespace: &str, name: &str| -> PackedFunction {
            serde_json::from_value(json!({"metadata": {"namespace": namespace, "name": name}, "spec": {}}))
                .unwrap()
        };
        let names = Names::default();
        let see = |events: Vec<Event<PackedFunction>>| events.iter().for_each(|event| names.see(event));
        see(vec![
            Event::Init,
            Event::InitApply(function("a", "1")),
            Event::InitApply(function("ab", "1")),
            Event::InitDone,
        ]);
        see(vec![Event::Apply(function("a", "2")), Event::Delete(function("a", "1"))]);
        assert_eq!(
            (names.of("a"), names.of("ab"), names.of("b")),
            (vec!["2".to_owned()], vec!["1".to_owned()], vec![])
        );
        // A Function that was deleted while there was no watch.
        see(vec![Event::Init, Event::InitApply(function("a", "3")), Event::InitDone]);
        assert_eq!((names.of("a"), names.of("ab")), (vec!["3".to_owned()], vec![]));
    }
}
