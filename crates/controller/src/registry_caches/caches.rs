//! What the reconciler of caches has at hand.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use api::cache::RegistryCache;
use cluster::{Failures, Writer};
use decide::cache::instance::Config;
use decide::cache::proof::{Attempts, Breaker};
use futures::channel::mpsc::UnboundedSender;
use kube::runtime::reflector::{ObjectRef, Store};
use remote::registry::Upstream;

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
    /// When upstreams are not asked, by host and port. Who holds one asks its upstream: nobody else does meanwhile.
    pub(super) breakers: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Breaker>>>>,
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

    /// When an upstream is not asked. Those are forgotten that ask for no pause any more.
    pub(super) fn breaker(&self, remote_url: &str) -> Arc<tokio::sync::Mutex<Breaker>> {
        let now = self.began.elapsed();
        let mut breakers = self.breakers.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = |breaker: &tokio::sync::Mutex<Breaker>| {
            breaker.try_lock().is_ok_and(|breaker| breaker.is_over(now))
        };
        breakers.retain(|_, breaker| Arc::strong_count(breaker) > 1 || !is_over(breaker));
        let host = Upstream::host(remote_url).unwrap_or_default();
        Arc::clone(breakers.entry(host).or_default())
    }

    /// Forgets a cache that is gone.
    pub(super) fn forget(&self, uid: &str) {
        self.attempts().remove(uid);
    }
}
