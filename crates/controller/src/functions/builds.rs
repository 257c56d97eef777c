//! Which Functions build, and which wait for a build slot.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use decide::Key;
use decide::function::slots::Slots;
use decide::owner::Owner;
use futures::channel::mpsc::UnboundedSender;
use kube::runtime::reflector::ObjectRef;

use super::packed::{PackedFunction, reference};
use super::stores::Stores;
use crate::metrics::Metrics;

/// The build slots of a cluster.
pub(super) struct Builds {
    slots: Mutex<Slots>,
    stores: Arc<Stores>,
    metrics: Arc<Metrics>,
    wake: UnboundedSender<ObjectRef<PackedFunction>>,
}

impl Builds {
    pub(super) fn new(
        slots: Slots,
        stores: Arc<Stores>,
        metrics: Arc<Metrics>,
        wake: UnboundedSender<ObjectRef<PackedFunction>>,
    ) -> Self {
        Self { slots: Mutex::new(slots), stores, metrics, wake }
    }

    /// How many builds are in front; 0 if a Job may start.
    pub(super) fn ask(&self, function: &Key, job: &str) -> usize {
        let mut slots = self.slots();
        let ahead = slots.ask(function, job);
        self.metrics.slots(&slots);
        ahead
    }

    /// A Function needs no build, or its reconcile has failed: wakes the Functions whose turn it is.
    pub(super) fn leave(&self, function: &Key) {
        let mut slots = self.slots();
        let next = slots.leave(function, |key| self.stores.has_function(key));
        self.metrics.slots(&slots);
        self.wake(&next);
    }

    /// A Job builds for a Function, or has stopped: wakes the Functions whose turn it is. A Job that names a Function
    /// that does not exist occupies no slot.
    pub(super) fn job_changed(&self, job: &Key, building: Option<&Owner>) {
        let owner = building.filter(|owner| self.stores.is_owner(&job.0, owner));
        let function = owner.map(|owner| (job.0.clone(), owner.name.clone()));
        let mut slots = self.slots();
        let next = slots.job(job, function.as_ref(), |key| self.stores.has_function(key));
        self.metrics.slots(&slots);
        self.wake(&next);
    }

    /// A Function is deleted: wakes the Functions whose turn it is.
    pub(super) fn forget(&self, function: &Key) {
        let mut slots = self.slots();
        let next = slots.gone(function, |key| self.stores.has_function(key));
        self.metrics.slots(&slots);
        self.wake(&next);
    }

    fn wake(&self, functions: &[Key]) {
        for function in functions {
            // The receiving loop lives as long as this.
            let _ = self.wake.unbounded_send(reference(function));
        }
    }

    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
