//! Composes the registries of nodes: the labelled Secrets of the base namespace become one Secret, which the agents of nodes
//! read.

mod handing;
mod source;

use std::sync::Arc;

use api::names::container_registries::{CONFLICT, LABEL, LABEL_VALUE, OF_NODES};
use cluster::reconcile::{self, Action, Reconciler, Watch};
use cluster::{Cache, Error, Failures, InNamespace, Note, Writer};
use decide::Kind;
use decide::nodes::compose::{Composed, Composition, compose, conflict_text};
use futures::channel::mpsc::{UnboundedSender, unbounded};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::api::PartialObjectMeta;
use kube::runtime::reflector::ObjectRef;
use kube::runtime::watcher::Config as WatcherConfig;
use kube::{Api, Client};
use serde_json::json;
use tokio::task::JoinSet;

use crate::config::Config;
use crate::metrics::Metrics;
use crate::shared::Shared;
use handing::Handing;
use source::SourceSecret;

type AnyNamespace = PartialObjectMeta<Namespace>;

/// The word of the Events and the annotation about a host that two Secrets configure.
const REASON: &str = "RegistryConfiguredTwice";

struct Nodes {
    base_namespace: String,
    /// The namespace of the composed Secret.
    namespace: String,
    writer: Writer,
    metrics: Arc<Metrics>,
    sources: Cache<InNamespace<SourceSecret>>,
    /// What is composed, as the cluster has it.
    composed: Cache<InNamespace<Composed>>,
    failures: Failures,
}

/// Runs until `end` completes; a reconcile that is running then finishes. It reconciles one object: the base namespace.
pub async fn run(shared: &Shared, config: &Config, end: impl Future<Output = ()> + Send + Sync + 'static) {
    let base_namespace = &config.propagation.base_namespace;
    let base = WatcherConfig::default().fields(&format!("metadata.name={base_namespace}"));
    let watch = Watch::new(Api::<AnyNamespace>::all(shared.client.clone()), base, |_| {});
    let nodes = Arc::new(Nodes {
        base_namespace: base_namespace.clone(),
        namespace: config.namespace.clone(),
        writer: shared.writer(),
        metrics: Arc::clone(&shared.metrics),
        sources: Cache::default(),
        composed: Cache::default(),
        failures: Failures::default(),
    });
    let (wake, woken) = unbounded();
    // They end with this function.
    let _watches = nodes.follow(&shared.client, &wake);
    reconcile::run(nodes, watch, woken, 1, end).await;
}

impl Nodes {
    fn follow(
        self: &Arc<Self>,
        client: &Client,
        wake: &UnboundedSender<ObjectRef<AnyNamespace>>,
    ) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        let labelled = WatcherConfig::default().labels(&format!("{LABEL}={LABEL_VALUE}"));
        let secrets = Api::<Secret>::namespaced(client.clone(), &self.base_namespace);
        let (nodes, sender) = (Arc::clone(self), wake.clone());
        tasks.spawn(async move {
            let keep = |secret: &Secret| InNamespace::of(&secret.metadata, || Some(SourceSecret::of(secret)));
            nodes.sources.follow(secrets, labelled, keep, |_| nodes.wake(&sender)).await;
        });
        let own = Api::<Secret>::namespaced(client.clone(), &self.namespace);
        let (nodes, sender) = (Arc::clone(self), wake.clone());
        tasks.spawn(async move {
            let config = WatcherConfig::default().fields(&format!("metadata.name={OF_NODES}"));
            let keep = |secret: &Secret| InNamespace::of(&secret.metadata, || Some(handing::read(secret)));
            nodes.composed.follow(own, config, keep, |_| nodes.wake(&sender)).await;
        });
        tasks
    }

    fn wake(&self, sender: &UnboundedSender<ObjectRef<AnyNamespace>>) {
        // Nobody listens when the loop has ended.
        let _ = sender.unbounded_send(ObjectRef::new(&self.base_namespace));
    }

    fn known(&self) -> Option<Arc<InNamespace<Composed>>> {
        self.composed.get(&(self.namespace.clone(), OF_NODES.to_owned()))
    }

    /// Writes what is composed, unless the cluster has it. Without any Secret there is nothing to write before the first one.
    async fn write(&self, composed: &Composed, is_wanted: bool) -> Result<(), Error> {
        match self.known() {
            None if is_wanted => drop(self.writer.create(&Handing::new(&self.namespace, composed)).await?),
            Some(known) if known.value != *composed => {
                drop(self.writer.update(&Handing::new(&self.namespace, composed)).await?);
            }
            _ => {}
        }
        Ok(())
    }

    /// Writes to a Secret which of its hosts are not used, unless its annotation names them already.
    async fn report(&self, secret: &SourceSecret, composition: &Composition) -> Result<(), Error> {
        let conflicts = composition.conflicts.get(&secret.source.name).map(conflict_text);
        if secret.conflict == conflicts {
            return Ok(());
        }
        let metadata = json!({"uid": secret.regarding.uid, "annotations": {(CONFLICT): conflicts}});
        let (name, namespace) = (&secret.source.name, &self.base_namespace);
        self.writer.patch(Kind::Secret, namespace, name, json!({"metadata": metadata})).await?;
        let note = conflicts.as_deref().unwrap_or("No other Secret configures these hosts any more");
        let note = Note {
            regarding: secret.regarding.clone(),
            time: Timestamp::now(),
            action: "ComposeRegistries",
            reason: REASON,
            note,
            is_warning: conflicts.is_some(),
        };
        self.writer.note(&note).await
    }
}

impl Reconciler for Nodes {
    type Object = AnyNamespace;

    async fn ready(&self) {
        self.sources.ready().await;
        self.composed.ready().await;
    }

    async fn look(&self, _: &AnyNamespace) -> Result<Action, Error> {
        let secrets = self.sources.group(&self.base_namespace);
        let sources: Vec<_> = secrets.iter().map(|(_, secret)| secret.value.source.clone()).collect();
        let known = self.known();
        let nothing = Composed::default();
        let composition = compose(&sources, known.as_ref().map_or(&nothing, |known| &known.value));
        self.write(&composition.composed, !sources.is_empty()).await?;
        for (_, secret) in &secrets {
            self.report(&secret.value, &composition).await?;
        }
        self.failures.forget(&self.namespace);
        Ok(Action::await_change())
    }

    fn failed(&self, _: &AnyNamespace, error: &Error) -> Action {
        self.metrics.failed(error.reason());
        tracing::warn!(%error, "the registries of nodes could not be composed");
        self.failures.failed(&self.namespace)
    }
}
