//! What is remembered of Functions between two looks. All of it can be lost: it is in the cluster, or asked for again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cluster::reconcile::Action;
use cluster::{key, retry};
use decide::Key;
use decide::function::Function;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource as _;

use super::packed::PackedFunction;

/// What is remembered of all of them.
#[derive(Default)]
pub(super) struct Memory(Mutex<HashMap<Key, Entry>>);

/// Of one Function.
#[derive(Default)]
struct Entry {
    /// How often it has failed in a row.
    failures: u32,
    /// Since when there is something that is not said.
    unsaid: Option<Instant>,
    /// What the last write of its status has left, until the watch shows it so.
    wrote: Option<Wrote>,
    /// The generation that does not run yet, and since when.
    changed: Option<(Option<i64>, Instant)>,
}

/// A Function as it is since its status was written.
struct Wrote {
    function: Arc<Function>,
    /// Whether the status is all that differs from the Function that was decided on.
    is_decided_on: bool,
}

impl Wrote {
    fn new(decided: &Function, mut written: Function) -> Self {
        // As the watch will show it.
        written.metadata.managed_fields = None;
        let (before, after) = (&decided.metadata, &written.metadata);
        let is_decided_on = before.generation == after.generation
            && before.labels == after.labels
            && before.annotations == after.annotations
            && before.deletion_timestamp == after.deletion_timestamp;
        Self { function: Arc::new(written), is_decided_on }
    }
}

impl Entry {
    /// Whether the watch shows what was written, and nothing else that there would be to decide on.
    fn is_echo(&mut self, shown: u64) -> bool {
        let is_shown = |wrote: &mut Wrote| wrote.is_decided_on && version(&wrote.function.metadata) == shown;
        self.wrote.take_if(is_shown).is_some()
    }

    fn is_empty(&self) -> bool {
        self.failures == 0 && self.unsaid.is_none() && self.wrote.is_none() && self.changed.is_none()
    }
}

impl Memory {
    /// A Function that is gone is not remembered.
    pub(super) fn forget(&self, key: &Key) {
        self.entries().remove(key);
    }

    /// The Function as the watch shows it, or as it is since the last write if that is newer.
    pub(super) fn latest(&self, key: &Key, shown: Function) -> Arc<Function> {
        let mut entries = self.entries();
        let Some(entry) = entries.get_mut(key) else { return Arc::new(shown) };
        match &entry.wrote {
            Some(Wrote { function, .. }) if version(&function.metadata) > version(&shown.metadata) => {
                Arc::clone(function)
            }
            _ => {
                entry.wrote = None;
                Arc::new(shown)
            }
        }
    }

    /// The status of a Function was written.
    pub(super) fn wrote(&self, key: &Key, decided: &Function, written: Function) {
        self.entries().entry(key.clone()).or_default().wrote = Some(Wrote::new(decided, written));
    }

    /// Whether the watch only shows the status that was written last: there is nothing to look at.
    pub(super) fn is_echo(&self, shown: &PackedFunction) -> bool {
        self.change(&key(shown), |entry| entry.is_echo(version(shown.meta()))).unwrap_or_default()
    }

    /// A Function runs as it was asked for: since when it was not so.
    pub(super) fn is_ready(&self, key: &Key) -> Option<Instant> {
        self.change(key, |entry| entry.changed.take()).flatten().map(|(_, since)| since)
    }

    /// A Function does not run as it was asked for by a generation.
    pub(super) fn is_not_ready(&self, key: &Key, generation: Option<i64>) {
        let mut entries = self.entries();
        let entry = entries.entry(key.clone()).or_default();
        if entry.changed.is_none_or(|(known, _)| known != generation) {
            entry.changed = Some((generation, Instant::now()));
        }
    }

    /// How long until something that is worth saying after a while has lasted for it.
    pub(super) fn unsaid(&self, key: &Key, lasting: Duration) -> Duration {
        let mut entries = self.entries();
        let since = *entries.entry(key.clone()).or_default().unsaid.get_or_insert_with(Instant::now);
        lasting.saturating_sub(since.elapsed())
    }

    /// All is said.
    pub(super) fn said(&self, key: &Key) {
        self.change(key, |entry| entry.unsaid = None);
    }

    /// Nothing hinders a Function any more.
    pub(super) fn succeeded(&self, key: &Key) {
        self.change(key, |entry| entry.failures = 0);
    }

    /// Something hinders a Function: when to look again.
    pub(super) fn failed(&self, key: Key) -> Action {
        let mut entries = self.entries();
        let entry = entries.entry(key).or_default();
        entry.failures = entry.failures.saturating_add(1);
        Action::requeue(retry(entry.failures, fastrand::f64()))
    }

    fn change<T>(&self, key: &Key, change: impl FnOnce(&mut Entry) -> T) -> Option<T> {
        let mut entries = self.entries();
        let entry = entries.get_mut(key)?;
        let result = change(entry);
        if entry.is_empty() {
            entries.remove(key);
        }
        Some(result)
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<Key, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn version(metadata: &ObjectMeta) -> u64 {
    cluster::version(metadata.resource_version.as_deref())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    fn function(version: &str, field: &str, value: Value) -> Function {
        let mut metadata =
            json!({"name": "f", "namespace": "n", "uid": "u", "generation": 1, "resourceVersion": version});
        metadata[field] = value;
        let function = json!({"metadata": metadata, "spec": {"source": "x"}});
        Function::of_v1alpha1(serde_json::from_value(function).unwrap()).unwrap()
    }

    /// What others have changed meanwhile came with the answer to the write, and nobody has decided on it: the event of
    /// that change itself may never come, as when all is listed anew.
    #[rstest]
    #[case::the_status_that_was_written("generation", json!(1), true)]
    #[case::another_specification("generation", json!(2), false)]
    #[case::another_label("labels", json!({"a": "b"}), false)]
    #[case::another_annotation("annotations", json!({"a": "b"}), false)]
    #[case::being_deleted("deletionTimestamp", json!("2026-01-01T00:00:00Z"), false)]
    fn only_what_was_decided_on_is_an_echo(
        #[case] field: &str,
        #[case] value: Value,
        #[case] expected: bool,
    ) {
        let wrote = Wrote::new(&function("5", "generation", json!(1)), function("7", field, value));
        let mut entry = Entry { wrote: Some(wrote), ..Entry::default() };
        assert!(!entry.is_echo(6), "of another write");
        assert_eq!(entry.is_echo(7), expected);
        assert_eq!(entry.is_empty(), expected, "what the watch shows need not be remembered");
    }
}
