//! What push and pull secrets depend on: registries, their certificates, and the labels of namespaces.

use std::sync::Arc;

use api::registry::ImageRegistry;
use cluster::{Cache, InNamespace, Presence};
use decide::Key;
use decide::registry::secret::Registry;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::api::PartialObjectMeta;
use kube::runtime::watcher::Config;
use kube::{Api, Client, Resource as _, ResourceExt as _};
use tokio::task::JoinSet;

use super::cached::Labels;

/// The Secrets that hold certificates. One of another type is read when credentials are renewed.
const CERTIFICATES: &str = "type=kubernetes.io/tls";

/// The caches.
#[derive(Default)]
pub(super) struct Sources {
    pub(super) registries: Cache<InNamespace<Registry>>,
    pub(super) namespaces: Cache<Labels>,
    certificates: Cache<Presence>,
}

/// What has changed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Origin<'a> {
    /// A registry, or its certificate.
    Registry(&'a Key),
    /// The labels of a namespace.
    Namespace(&'a str),
}

impl Sources {
    pub(super) async fn ready(&self) {
        self.registries.ready().await;
        self.namespaces.ready().await;
    }

    /// Follows everything, and reports changes.
    pub(super) fn follow(
        self: &Arc<Self>,
        client: &Client,
        changed: impl Fn(Origin<'_>) + Clone + Send + Sync + 'static,
    ) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        let (sources, on_change) = (Arc::clone(self), changed.clone());
        let registries = Api::<ImageRegistry>::all(client.clone());
        tasks.spawn(async move {
            let keep =
                |registry: &ImageRegistry| InNamespace::of(registry.meta(), || Some(Registry::of(registry)));
            let told = |change: cluster::Change<InNamespace<Registry>>| {
                let value = |side: &Option<Arc<InNamespace<Registry>>>| {
                    side.as_ref().map(|registry| registry.value.clone())
                };
                if value(&change.before) != value(&change.after) {
                    on_change(Origin::Registry(&change.key));
                }
            };
            sources.registries.follow(registries, Config::default(), keep, told).await;
        });
        let (sources, on_change) = (Arc::clone(self), changed.clone());
        let namespaces = Api::<PartialObjectMeta<Namespace>>::all(client.clone());
        tasks.spawn(async move {
            let keep = |namespace: &PartialObjectMeta<Namespace>| Some(Labels(namespace.labels().clone()));
            let told = |change: cluster::Change<Labels>| {
                if change.before != change.after {
                    on_change(Origin::Namespace(&change.key.1));
                }
            };
            sources.namespaces.follow(namespaces, Config::default(), keep, told).await;
        });
        let sources = Arc::clone(self);
        let secrets = Api::<PartialObjectMeta<Secret>>::all(client.clone());
        tasks.spawn(async move {
            let told = |change: cluster::Change<Presence>| {
                for key in sources.served_by(&change.key) {
                    changed(Origin::Registry(&key));
                }
            };
            let config = Config::default().fields(CERTIFICATES);
            sources.certificates.follow(secrets, config, Presence::of, told).await;
        });
        tasks
    }

    /// The registries that a Secret holds the certificate of.
    fn served_by(&self, (namespace, name): &Key) -> Vec<Key> {
        let registries = self.registries.group(namespace);
        let is_served = |registry: &Registry| registry.certificate.as_ref() == Some(name);
        registries
            .into_iter()
            .filter(|(_, registry)| is_served(&registry.value))
            .map(|(key, _)| key)
            .collect()
    }
}
