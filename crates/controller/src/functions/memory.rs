//! What is cached of Functions between reconciles. All of it can be lost: it is in the cluster, or can be read again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cluster::key;
use cluster::reconcile::Action;
use decide::Key;
use decide::backoff::retry;
use decide::function::Function;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource as _;

use super::packed::PackedFunction;

/// The entries of all Functions.
#[derive(Default)]
pub(super) struct Memory(Mutex<HashMap<Key, Entry>>);

/// The entry of one Function.
#[derive(Default)]
struct Entry {
    /// How often it has failed in a row.
    failures: u32,
    /// Since when there is a change that is not reported yet.
    unsaid: Option<Instant>,
    /// The Function after the last write of its status, until the watch shows it.
    wrote: Option<Wrote>,
    /// The generation that is not running yet, and since when.
    changed: Option<(Option<i64>, Instant)>,
}

/// A Function after a write of its status.
struct Wrote {
    function: Arc<Function>,
    /// Whether it differs only in its status from the Function that was decided on.
    is_decided_on: bool,
}

impl Wrote {
    fn new(decided: &Function, mut written: Function) -> Self {
        // In the form in which the watch shows it.
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
    /// Whether the watch shows exactly what was written, so that nothing new has to be decided.
    fn is_echo(&mut self, shown: u64) -> bool {
        let is_shown = |wrote: &mut Wrote| wrote.is_decided_on && version(&wrote.function.metadata) == shown;
        self.wrote.take_if(is_shown).is_some()
    }

    fn is_empty(&self) -> bool {
        self.failures == 0 && self.unsaid.is_none() && self.wrote.is_none() && self.changed.is_none()
    }
}

impl Memory {
    /// Drops the entry of a deleted Function.
    pub(super) fn forget(&self, key: &Key) {
        self.entries().remove(key);
    }

    /// The Function that the watch shows, or that of the last write if it is newer.
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

    /// Records a write of the status.
    pub(super) fn wrote(&self, key: &Key, decided: &Function, written: Function) {
        self.entries().entry(key.clone()).or_default().wrote = Some(Wrote::new(decided, written));
    }

    /// Whether the watch shows only the status that was written last, so that no reconcile is necessary.
    pub(super) fn is_echo(&self, shown: &PackedFunction) -> bool {
        self.change(&key(shown), |entry| entry.is_echo(version(shown.meta()))).unwrap_or_default()
    }

    /// The latest version of a Function runs: since when it did not.
    pub(super) fn is_ready(&self, key: &Key) -> Option<Instant> {
        self.change(key, |entry| entry.changed.take()).flatten().map(|(_, since)| since)
    }

    /// A generation of a Function does not run yet.
    pub(super) fn is_not_ready(&self, key: &Key, generation: Option<i64>) {
        let mut entries = self.entries();
        let entry = entries.entry(key.clone()).or_default();
        if entry.changed.is_none_or(|(known, _)| known != generation) {
            entry.changed = Some((generation, Instant::now()));
        }
    }

    /// How long until a change has lasted for the given time, and is reported.
    pub(super) fn unsaid(&self, key: &Key, lasting: Duration) -> Duration {
        let mut entries = self.entries();
        let since = *entries.entry(key.clone()).or_default().unsaid.get_or_insert_with(Instant::now);
        lasting.saturating_sub(since.elapsed())
    }

    /// Everything is reported.
    pub(super) fn said(&self, key: &Key) {
        self.change(key, |entry| entry.unsaid = None);
    }

    /// A reconcile has succeeded.
    pub(super) fn succeeded(&self, key: &Key) {
        self.change(key, |entry| entry.failures = 0);
    }

    /// A reconcile has failed: when to retry.
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

    /// The answer to the write contains a change that others made meanwhile, and nobody has decided on it. The event of
    /// that change may never arrive, for example if everything is listed again.
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
