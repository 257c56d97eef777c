//! What the reconciler of caches has at hand.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use api::cache::RegistryCache;
use cluster::{Failures, Writer};
use decide::cache::instance::Config;
use decide::cache::proof::Attempts;
use futures::channel::mpsc::UnboundedSender;
use kube::runtime::reflector::{ObjectRef, Store};

use super::uses::Uses;
use crate::certificates::Root;
use crate::metrics::Metrics;

/// The reconciler.
pub(super) struct RegistryCaches {
    pub(super) config: Config,
    /// How long an upstream may take to answer.
    pub(super) timeout: Duration,
    pub(super) root: Root,
    pub(super) writer: Writer,
    pub(super) metrics: Arc<Metrics>,
    pub(super) failures: Failures,
    /// All caches.
    pub(super) store: Store<RegistryCache>,
    /// How upstreams have answered, by the UID of the cache.
    pub(super) attempts: Mutex<HashMap<String, Attempts>>,
    /// When the reconciler began: times of attempts are since then.
    pub(super) began: Instant,
    /// Reconciles a cache.
    pub(super) wake: UnboundedSender<ObjectRef<RegistryCache>>,
    pub(super) uses: Uses,
}

impl RegistryCaches {
    pub(super) fn attempts(&self) -> MutexGuard<'_, HashMap<String, Attempts>> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets a cache that is gone.
    pub(super) fn forget(&self, uid: &str) {
        self.attempts().remove(uid);
    }
}
