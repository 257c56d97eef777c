//! What reconcilers share that reconcile one object, the base namespace: its watch, and what wakes them.

use cluster::reconcile::Watch;
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::PartialObjectMeta;
use kube::runtime::reflector::ObjectRef;
use kube::runtime::watcher::Config as WatcherConfig;
use kube::{Api, Client};

/// The base namespace.
pub(crate) type BaseNamespace = PartialObjectMeta<Namespace>;

/// Wakes the reconciler.
#[derive(Clone)]
pub(crate) struct Wake {
    sender: UnboundedSender<ObjectRef<BaseNamespace>>,
    name: String,
}

/// A watch of the base namespace.
pub(crate) fn watch(client: &Client, name: &str) -> Watch<BaseNamespace> {
    Watch::new(Api::all(client.clone()), named(name), |_| {})
}

/// A watch of one object, by its name.
pub(crate) fn named(name: &str) -> WatcherConfig {
    WatcherConfig::default().fields(&format!("metadata.name={name}"))
}

impl Wake {
    /// For the base namespace of that name, with what the loop listens to.
    pub(crate) fn new(name: &str) -> (Self, UnboundedReceiver<ObjectRef<BaseNamespace>>) {
        let (sender, woken) = unbounded();
        (Self { sender, name: name.to_owned() }, woken)
    }

    pub(crate) fn wake(&self) {
        // Nobody listens when the loop has ended.
        let _ = self.sender.unbounded_send(ObjectRef::new(&self.name));
    }
}
