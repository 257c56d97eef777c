//! What the loop remembers between two looks at a Function. All of it can be lost: it is in the cluster, or asked for again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use api::Function;
use futures::channel::mpsc::UnboundedSender;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::Resource;
use kube::runtime::controller::Action;
use kube::runtime::reflector::ObjectRef;

use crate::backoff::retry;
use crate::cluster::{Cluster, Error};
use crate::config::Config;
use crate::decide::{Git, Observed, Plan};
use crate::git::Lookups;
use crate::metrics::Metrics;
use crate::names::Identity;
use crate::queue::Key;
use crate::run::reference;
use crate::slots::Slots;
use crate::stores::Stores;
use crate::stores::cache::{self, key};
use crate::stores::function::PackedFunction;
use crate::stores::kept::Owner;
use crate::turns::Turns;

/// What decides.
pub type Decide = fn(&Config, &Function, &Observed, Time) -> Plan;

pub(crate) struct Context {
    pub(crate) config: Config,
    pub(crate) cluster: Cluster,
    pub(crate) stores: Arc<Stores>,
    pub(crate) lookups: Lookups,
    pub(crate) metrics: Arc<Metrics>,
    /// Looks at Functions, namespaces in turn.
    pub(crate) turns: Turns,
    pub(crate) decide: Decide,
    slots: Mutex<Slots>,
    functions: Mutex<HashMap<Key, Memory>>,
    wake: UnboundedSender<ObjectRef<PackedFunction>>,
}

/// Of one Function.
#[derive(Default)]
struct Memory {
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

impl Memory {
    /// Whether the watch shows what was written, and nothing else that there would be to decide on.
    fn is_echo(&mut self, shown: u64) -> bool {
        let is_shown = |wrote: &mut Wrote| wrote.is_decided_on && version(&*wrote.function) == shown;
        self.wrote.take_if(is_shown).is_some()
    }

    fn is_empty(&self) -> bool {
        self.failures == 0 && self.unsaid.is_none() && self.wrote.is_none() && self.changed.is_none()
    }
}

impl Context {
    pub(crate) fn new(
        config: Config,
        cluster: Cluster,
        stores: Arc<Stores>,
        lookups: Lookups,
        metrics: Arc<Metrics>,
        wake: UnboundedSender<ObjectRef<PackedFunction>>,
        decide: Decide,
    ) -> Self {
        let slots = Mutex::new(Slots::new(config.max_builds, config.builds_per_namespace()));
        let workers = usize::from(config.workers);
        // What is left for the others is a quarter.
        let turns = Turns::new(workers, workers - workers / 4);
        let functions = Mutex::default();
        Self { config, cluster, stores, lookups, metrics, turns, decide, slots, functions, wake }
    }

    /// How many builds are in front; 0 if a Job may start.
    pub(crate) fn ask(&self, function: &Key, job: &str) -> usize {
        let mut slots = self.slots();
        let ahead = slots.ask(function, job);
        self.metrics.slots(&slots);
        ahead
    }

    /// A Function wants no build.
    pub(crate) fn leave(&self, function: &Key) {
        self.slots().leave(function);
    }

    /// A Job builds for a Function, or does not any more: wakes those whose turn it is. A Job that names a Function that is
    /// not there takes up no slot.
    pub(crate) fn job_changed(&self, job: &Key, building: Option<&Owner>) {
        let owner = building.filter(|owner| self.stores.is_owner(&job.0, owner));
        let function = owner.map(|owner| (job.0.clone(), owner.name.clone()));
        let mut slots = self.slots();
        let next = slots.job(job, function.as_ref(), |key| self.stores.has_function(key));
        self.wake(&next);
        self.metrics.slots(&slots);
    }

    fn wake(&self, functions: &[Key]) {
        for function in functions {
            // The loop that listens lives as long as this.
            let _ = self.wake.unbounded_send(reference(function));
        }
    }

    /// What is known of the repository of a Function.
    pub(crate) fn git(&self, function: &Function, identity: &Identity, key: &Key) -> Git {
        if function.spec.is_git() {
            self.lookups.ask(function, identity, &self.stores)
        } else {
            self.lookups.forget(key);
            Git::default()
        }
    }

    /// A Function that is gone is not remembered.
    pub(crate) fn forget(&self, key: &Key) {
        let next = self.slots().gone(key, |key| self.stores.has_function(key));
        self.wake(&next);
        self.lookups.forget(key);
        self.functions().remove(key);
    }

    /// The Function as the watch shows it, or as it is since the last write if that is newer.
    pub(crate) fn latest(&self, key: &Key, shown: Function) -> Arc<Function> {
        let mut functions = self.functions();
        let Some(memory) = functions.get_mut(key) else { return Arc::new(shown) };
        match &memory.wrote {
            Some(Wrote { function, .. }) if version(&**function) > version(&shown) => Arc::clone(function),
            _ => {
                memory.wrote = None;
                Arc::new(shown)
            }
        }
    }

    /// The status of a Function was written.
    pub(crate) fn wrote(&self, key: &Key, decided: &Function, written: Function) {
        self.functions().entry(key.clone()).or_default().wrote = Some(Wrote::new(decided, written));
    }

    /// Whether the watch only shows the status that was written last: there is nothing to look at.
    pub(crate) fn is_echo(&self, shown: &PackedFunction) -> bool {
        self.change(&key(shown), |memory| memory.is_echo(version(shown))).unwrap_or_default()
    }

    /// Measures how long it takes from a change of a Function until it runs.
    pub(crate) fn measure(&self, key: &Key, generation: Option<i64>, is_ready: bool) {
        if is_ready {
            self.change(key, |memory| {
                if let Some((_, since)) = memory.changed.take() {
                    self.metrics.ready(since.elapsed());
                }
            });
            return;
        }
        let mut functions = self.functions();
        let memory = functions.entry(key.clone()).or_default();
        if memory.changed.is_none_or(|(known, _)| known != generation) {
            memory.changed = Some((generation, Instant::now()));
        }
    }

    /// How long until something that is worth saying after a while has lasted for it.
    pub(crate) fn unsaid(&self, key: &Key, lasting: Duration) -> Duration {
        let mut functions = self.functions();
        let since = *functions.entry(key.clone()).or_default().unsaid.get_or_insert_with(Instant::now);
        lasting.saturating_sub(since.elapsed())
    }

    /// All is said.
    pub(crate) fn said(&self, key: &Key) {
        self.change(key, |memory| memory.unsaid = None);
    }

    /// Nothing hinders a Function any more.
    pub(crate) fn succeeded(&self, key: &Key) {
        self.change(key, |memory| memory.failures = 0);
    }

    /// Something hinders a Function: when to look again.
    pub(crate) fn failed(&self, function: &PackedFunction, error: &Error) -> Action {
        self.metrics.failed(error.reason());
        let key = key(function);
        tracing::warn!(%error, namespace = key.0, name = key.1, "a Function could not be brought forward");
        let mut functions = self.functions();
        let memory = functions.entry(key).or_default();
        memory.failures = memory.failures.saturating_add(1);
        Action::requeue(retry(memory.failures, fastrand::f64()))
    }

    fn change<T>(&self, key: &Key, change: impl FnOnce(&mut Memory) -> T) -> Option<T> {
        let mut functions = self.functions();
        let memory = functions.get_mut(key)?;
        let result = change(memory);
        if memory.is_empty() {
            functions.remove(key);
        }
        Some(result)
    }

    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn functions(&self) -> MutexGuard<'_, HashMap<Key, Memory>> {
        self.functions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn version(object: &impl Resource) -> u64 {
    cache::version(object.meta().resource_version.as_deref())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    fn function(version: &str, field: &str, value: Value) -> Function {
        let mut metadata = json!({"name": "f", "generation": 1, "resourceVersion": version});
        metadata[field] = value;
        serde_json::from_value(json!({"metadata": metadata, "spec": {"source": "x"}})).unwrap()
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
        let mut memory = Memory { wrote: Some(wrote), ..Memory::default() };
        assert!(!memory.is_echo(6), "of another write");
        assert_eq!(memory.is_echo(7), expected);
        assert_eq!(memory.is_empty(), expected, "what the watch shows need not be remembered");
    }
}
