//! Wakes push and pull secrets when something changes that they depend on, or that was made for them.

use std::sync::Arc;

use api::registry::ImageRegistryAccount;
use cluster::{Cache, Change};
use decide::registry::secret::{Defaults, Request};
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use k8s_openapi::api::core::v1::Secret;
use kube::api::PartialObjectMeta;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::watcher::Config;
use kube::{Api, Client, ResourceExt as _};
use tokio::task::JoinSet;

use super::cached::{CachedAccount, CachedSecret};
use super::reconciled::Reconciled;
use super::sources::Origin;

/// Wakes objects of a kind.
pub(super) struct Wake<K: Reconciled> {
    store: Store<K>,
    sender: UnboundedSender<ObjectRef<K>>,
    defaults: Defaults,
}

/// What the loop listens to, and who wakes it.
pub(super) struct Woken<K: Reconciled> {
    pub(super) wake: Arc<Wake<K>>,
    pub(super) stream: UnboundedReceiver<ObjectRef<K>>,
}

impl<K: Reconciled> Wake<K> {
    pub(super) fn listen(store: Store<K>, defaults: &Defaults) -> Woken<K> {
        let (sender, stream) = unbounded();
        Woken { wake: Arc::new(Self { store, sender, defaults: defaults.clone() }), stream }
    }

    /// Wakes all objects that depend on something.
    pub(super) fn all_of(&self, origin: Origin<'_>) {
        for object in self.store.state() {
            let is_concerned = match origin {
                Origin::Registry(key) => Request::of(&*object, &self.defaults).registry == *key,
                Origin::Namespace(name) => object.namespace().as_deref() == Some(name),
            };
            if is_concerned {
                self.one(&object.namespace().unwrap_or_default(), &object.name_any());
            }
        }
    }

    fn one(&self, namespace: &str, name: &str) {
        // Nobody listens when the loop has ended.
        let _ = self.sender.unbounded_send(ObjectRef::new(name).within(namespace));
    }

    /// Follows what was made for the objects: accounts and Secrets.
    pub(super) fn follow(
        self: &Arc<Self>,
        client: &Client,
        accounts: &Arc<Cache<CachedAccount>>,
        secrets: &Arc<Cache<CachedSecret>>,
        tasks: &mut JoinSet<()>,
    ) {
        let label = K::ACCESS.label();
        let labelled = || Config::default().labels(label);
        let (wake, cache) = (Arc::clone(self), Arc::clone(accounts));
        let all = Api::<ImageRegistryAccount>::all(client.clone());
        tasks.spawn(async move {
            let keep = |account: &ImageRegistryAccount| CachedAccount::of(account, label);
            let changed = |change: Change<CachedAccount>| {
                let account = change.after.or(change.before);
                if let Some((namespace, name)) = account.and_then(|account| account.owner()) {
                    wake.one(&namespace, &name);
                }
            };
            cache.follow(all, labelled(), keep, changed).await;
        });
        let (wake, cache) = (Arc::clone(self), Arc::clone(secrets));
        let all = Api::<PartialObjectMeta<Secret>>::all(client.clone());
        tasks.spawn(async move {
            let keep = |secret: &PartialObjectMeta<Secret>| CachedSecret::of(secret, label);
            let changed = |change: Change<CachedSecret>| {
                let secret = change.after.or(change.before);
                if let Some(name) = secret.as_ref().and_then(|secret| secret.owner(K::KIND)) {
                    wake.one(&change.key.0, name);
                }
            };
            cache.follow(all, labelled(), keep, changed).await;
        });
    }
}
