//! Composes the registries of nodes: the labelled Secrets of the base namespace, the registries in the namespace of the
//! controller and the caches become one Secret, which the agents of nodes read.

mod caches;
mod composed_secret;
mod following;
mod registries;
mod source;

use std::sync::Arc;

use api::names::container_registries::{CONFLICT, LABEL, LABEL_VALUE, OF_NODES};
use cluster::reconcile::{self, Action, Reconciler};
use cluster::{Cache, Error, Failures, InNamespace, Note, Writer};
use decide::Kind;
use decide::nodes::compose::{Composed, Composition, compose};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use kube::runtime::watcher::Config as WatcherConfig;
use kube::{Api, Client};
use serde_json::json;
use tokio::task::JoinSet;

use crate::base_namespace::{self, BaseNamespace, Wake};
use crate::config::Config;
use crate::metrics::Metrics;
use crate::shared::Shared;
use caches::Caches;
use registries::OwnRegistries;
use source::SourceSecret;

/// The reason of the Event for a Secret of which nodes use everything again.
const ALL_USED: &str = "RegistriesUsed";
/// The reason of a reconcile that must not go on: what is composed cannot be read.
const UNREADABLE: &str = "unreadable";
/// What helps if a Secret of somebody else has the name of ours.
const REMEDY: &str = "delete this Secret of somebody else, or rename it: the controller changes only what it created, and agents use nothing else";

struct Nodes {
    base_namespace: String,
    /// The namespace of the composed Secret.
    namespace: String,
    writer: Writer,
    metrics: Arc<Metrics>,
    sources: Cache<InNamespace<SourceSecret>>,
    registries: Arc<OwnRegistries>,
    caches: Arc<Caches>,
    /// What is composed, as the cluster has it.
    composed: Cache<InNamespace<Option<Composed>>>,
    failures: Failures,
}

/// Runs until `end` completes; a reconcile that is running then finishes. It reconciles one object: the base namespace.
pub async fn run(shared: &Shared, config: &Config, end: impl Future<Output = ()> + Send + Sync + 'static) {
    let base_namespace = &config.propagation.base_namespace;
    let watch = base_namespace::watch(&shared.client, base_namespace);
    let nodes = Arc::new(Nodes {
        base_namespace: base_namespace.clone(),
        namespace: config.namespace.clone(),
        writer: shared.writer(),
        metrics: Arc::clone(&shared.metrics),
        sources: Cache::default(),
        registries: Arc::default(),
        caches: Arc::default(),
        composed: Cache::default(),
        failures: Failures::default(),
    });
    let (wake, woken) = Wake::new(base_namespace);
    // They end with this function.
    let _watches = nodes.follow(&shared.client, &wake);
    reconcile::run(nodes, watch, woken, 1, end).await;
}

impl Nodes {
    fn follow(self: &Arc<Self>, client: &Client, wake: &Wake) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        let labelled = WatcherConfig::default().labels(&format!("{LABEL}={LABEL_VALUE}"));
        let secrets = Api::<Secret>::namespaced(client.clone(), &self.base_namespace);
        let (nodes, wake_on_change) = (Arc::clone(self), wake.clone());
        tasks.spawn(async move {
            let keep = |secret: &Secret| InNamespace::of(&secret.metadata, || Some(SourceSecret::of(secret)));
            nodes.sources.follow(secrets, labelled, keep, |_| wake_on_change.wake()).await;
        });
        let own = Api::<Secret>::namespaced(client.clone(), &self.namespace);
        let (nodes, wake_on_change) = (Arc::clone(self), wake.clone());
        tasks.spawn(async move {
            let keep =
                |secret: &Secret| InNamespace::of(&secret.metadata, || Some(composed_secret::read(secret)));
            nodes
                .composed
                .follow(own, base_namespace::named(OF_NODES), keep, |_| wake_on_change.wake())
                .await;
        });
        self.registries.follow(client, &self.namespace, wake, &mut tasks);
        self.caches.follow(client, &self.base_namespace, wake, &mut tasks);
        tasks
    }

    fn known(&self) -> Option<Arc<InNamespace<Option<Composed>>>> {
        self.composed.get(&(self.namespace.clone(), OF_NODES.to_owned()))
    }

    /// Writes what is composed, unless the cluster has it. Without any Secret there is nothing to write before the first one.
    async fn write(&self, composed: &Composed, is_wanted: bool) -> Result<(), Error> {
        let secret = composed_secret::wanted(&self.namespace, composed);
        match self.known() {
            None if is_wanted => drop(self.writer.create(&secret).await?),
            Some(known) if known.value.as_ref() != Some(composed) => drop(self.writer.update(&secret).await?),
            _ => {}
        }
        Ok(())
    }

    /// Writes to a Secret what of it nodes do not use, unless its annotation says so already.
    async fn report(&self, secret: &SourceSecret, composition: &Composition) -> Result<(), Error> {
        let obstacle = composition.obstacle(&secret.source.name);
        let text = obstacle.as_ref().map(|obstacle| obstacle.text.as_str());
        if secret.conflict.as_deref() == text {
            return Ok(());
        }
        let metadata = json!({"uid": secret.regarding.uid, "annotations": {(CONFLICT): text}});
        let (name, namespace) = (&secret.source.name, &self.base_namespace);
        self.writer.patch(Kind::Secret, namespace, name, json!({"metadata": metadata})).await?;
        let note = Note {
            regarding: secret.regarding.clone(),
            time: Timestamp::now(),
            action: "ComposeRegistries",
            reason: obstacle.as_ref().map_or(ALL_USED, |obstacle| obstacle.reason),
            note: text.unwrap_or("Nodes use all registries of this Secret"),
            is_warning: obstacle.is_some(),
        };
        self.writer.note(&note).await
    }
}

impl Reconciler for Nodes {
    type Object = BaseNamespace;

    async fn ready(&self) {
        self.sources.ready().await;
        self.composed.ready().await;
    }

    async fn look(&self, _: &BaseNamespace) -> Result<Action, Error> {
        let secrets = self.sources.group(&self.base_namespace);
        let mut sources: Vec<_> = secrets.iter().map(|(_, secret)| secret.value.source.clone()).collect();
        let known = self.known();
        let nothing = Composed::default();
        let present = known.as_ref().map_or(Some(&nothing), |known| known.value.as_ref());
        sources.extend(self.registries.sources(&self.writer, &self.namespace, present).await?);
        sources.extend(self.caches.sources(&self.writer, &self.base_namespace, present).await?);
        if present.is_none() && sources.iter().any(|source| source.registries.is_none()) {
            self.metrics.failed(UNREADABLE);
            tracing::error!(
                secret = OF_NODES,
                "the composed registries cannot be read, and neither can those of a Secret: nodes keep what they have until that Secret is corrected"
            );
            return Ok(Action::await_change());
        }
        let composition = compose(&sources, present.unwrap_or(&nothing));
        self.write(&composition.composed, !sources.is_empty()).await?;
        for (_, secret) in &secrets {
            self.report(&secret.value, &composition).await?;
        }
        self.failures.forget(&self.namespace);
        Ok(Action::await_change())
    }

    fn failed(&self, _: &BaseNamespace, error: &Error) -> Action {
        self.metrics.failed(error.reason());
        let remedy = matches!(error, Error::Taken { .. }).then_some(REMEDY);
        tracing::warn!(%error, remedy, "the registries of nodes could not be composed");
        self.failures.failed(&self.namespace)
    }
}
