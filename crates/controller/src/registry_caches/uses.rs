//! What Secrets say of the caches that use them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use api::cache::RegistryCache;
use decide::cache::uses::of_secrets;
use tokio::sync::Notify;

/// What Secrets say of the caches that use them, and whether that may have to change.
#[derive(Default)]
pub(super) struct Uses {
    /// The annotation by the name of the Secret, of Secrets that have one.
    said: Mutex<BTreeMap<String, String>>,
    /// Whether all caches are known. Before, Secrets would seem to be used by none.
    is_complete: AtomicBool,
    changed: Notify,
}

impl Uses {
    /// A cache has changed.
    pub(super) fn changed(&self) {
        self.changed.notify_one();
    }

    /// All caches are known.
    pub(super) fn complete(&self) {
        self.is_complete.store(true, Ordering::SeqCst);
    }

    /// A Secret has changed: this is its annotation now.
    pub(super) fn seen(&self, name: &str, annotation: Option<&str>) {
        self.said(name, annotation);
        self.changed();
    }

    /// Remembers the annotation of a Secret.
    pub(super) fn said(&self, name: &str, annotation: Option<&str>) {
        match annotation {
            Some(text) => drop(self.lock().insert(name.to_owned(), text.to_owned())),
            None => drop(self.lock().remove(name)),
        }
    }

    /// Waits until something has changed.
    pub(super) async fn wait(&self) {
        self.changed.notified().await;
    }

    /// The annotations that must change, by the name of the Secret; `None` removes one.
    pub(super) fn due(&self, caches: &[Arc<RegistryCache>]) -> BTreeMap<String, Option<String>> {
        if !self.is_complete.load(Ordering::SeqCst) {
            return BTreeMap::new();
        }
        let wanted = of_secrets(caches);
        let said = self.lock();
        let gone = said.keys().filter(|name| !wanted.contains_key(*name)).map(|name| (name.clone(), None));
        let new = wanted.iter().filter(|(name, text)| said.get(*name) != Some(*text));
        gone.chain(new.map(|(name, text)| (name.clone(), Some(text.clone())))).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_left_alone_until_all_caches_are_known() {
        let uses = Uses::default();
        let spec = json!({"upstream": "a.b", "secretReferenceName": "v2"});
        let cache = json!({"metadata": {"name": "a"}, "spec": spec});
        let caches = [Arc::new(serde_json::from_value(cache).unwrap())];
        uses.seen("v1", Some("a"));
        uses.seen("v2", None);
        assert_eq!(uses.due(&[]), BTreeMap::new());
        assert_eq!(uses.due(&caches), BTreeMap::new());
        uses.complete();
        let expected = [("v1".to_owned(), None), ("v2".to_owned(), Some("a".to_owned()))];
        assert_eq!(uses.due(&caches), BTreeMap::from(expected));
    }
}
