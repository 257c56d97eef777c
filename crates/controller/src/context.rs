//! What the loop remembers between two looks at a Function. All of it can be lost: it is in the cluster, or asked for again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use api::Function;
use futures::channel::mpsc::UnboundedSender;
use kube::runtime::controller::Action;
use kube::runtime::reflector::ObjectRef;

use crate::backoff::retry;
use crate::cluster::{Cluster, Error};
use crate::config::Config;
use crate::decide::Git;
use crate::git::Lookups;
use crate::metrics::Metrics;
use crate::names::Identity;
use crate::queue::Key;
use crate::run::reference;
use crate::slots::Slots;
use crate::stores::Stores;
use crate::stores::cache::key;
use crate::stores::function::PackedFunction;

pub(crate) struct Context {
    pub(crate) config: Config,
    pub(crate) cluster: Cluster,
    pub(crate) stores: Arc<Stores>,
    pub(crate) lookups: Lookups,
    pub(crate) metrics: Arc<Metrics>,
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
    /// The Function as the last write of its status has left it, until the watch shows it so.
    wrote: Option<Arc<Function>>,
    /// The generation that does not run yet, and since when.
    changed: Option<(Option<i64>, Instant)>,
}

impl Memory {
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
    ) -> Self {
        let slots = Mutex::new(Slots::new(config.max_builds));
        Self { config, cluster, stores, lookups, metrics, slots, functions: Mutex::default(), wake }
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

    /// A Job builds, or does not any more: wakes those whose turn it is.
    pub(crate) fn job_changed(&self, job: &Key, is_building: bool) {
        let mut slots = self.slots();
        for function in slots.job(job, is_building, |key| self.stores.has_function(key)) {
            // The loop that listens lives as long as this.
            let _ = self.wake.unbounded_send(reference(&function));
        }
        self.metrics.slots(&slots);
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
        self.leave(key);
        self.lookups.forget(key);
        self.functions().remove(key);
    }

    /// The Function as the watch shows it, or as it is since the last write if that is newer.
    pub(crate) fn latest(&self, key: &Key, shown: Function) -> Arc<Function> {
        let mut functions = self.functions();
        let Some(memory) = functions.get_mut(key) else { return Arc::new(shown) };
        match &memory.wrote {
            Some(written) if version(written) > version(&shown) => Arc::clone(written),
            _ => {
                memory.wrote = None;
                Arc::new(shown)
            }
        }
    }

    /// A status was written.
    pub(crate) fn wrote(&self, key: &Key, mut written: Function) {
        // As the watch will show it.
        written.metadata.managed_fields = None;
        self.functions().entry(key.clone()).or_default().wrote = Some(Arc::new(written));
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

    fn change(&self, key: &Key, change: impl FnOnce(&mut Memory)) {
        let mut functions = self.functions();
        if let Some(memory) = functions.get_mut(key) {
            change(memory);
            if memory.is_empty() {
                functions.remove(key);
            }
        }
    }

    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn functions(&self) -> MutexGuard<'_, HashMap<Key, Memory>> {
        self.functions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn version(function: &Function) -> u64 {
    crate::stores::cache::version(function.metadata.resource_version.as_deref())
}
