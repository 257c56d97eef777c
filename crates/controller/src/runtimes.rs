//! Hands the runtimes of the base namespace to the webhook, in one ConfigMap that it mounts. So a runtime is added in one place,
//! and no request waits for the API server.

use std::sync::Arc;

use api::names::{config_label, handed_runtimes};
use cluster::reconcile::{self, Action, Reconciler, Watch};
use cluster::{Cache, Error, Failures, InNamespace, Intent, Writer};
use decide::Kind;
use decide::function::Config as FunctionConfig;
use decide::plan::Wanted;
use decide::runtimes::{Described, handed};
use futures::channel::mpsc::{UnboundedSender, unbounded};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::api::PartialObjectMeta;
use kube::runtime::reflector::ObjectRef;
use kube::runtime::watcher::Config as WatcherConfig;
use kube::{Api, Client};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::config::Config;
use crate::metrics::Metrics;
use crate::shared::Shared;

type AnyNamespace = PartialObjectMeta<Namespace>;

struct Runtimes {
    config: FunctionConfig,
    base_namespace: String,
    /// The namespace of what is handed over.
    namespace: String,
    writer: Writer,
    metrics: Arc<Metrics>,
    described: Cache<InNamespace<Described>>,
    /// The text that is handed over, as the cluster has it.
    handed: Cache<InNamespace<Option<String>>>,
    failures: Failures,
}

/// Runs until `end` comes; what is being done then is finished. It looks at one object: the base namespace.
pub async fn run(shared: &Shared, config: &Config, end: impl Future<Output = ()> + Send + Sync + 'static) {
    let base_namespace = &config.propagation.base_namespace;
    let base = WatcherConfig::default().fields(&format!("metadata.name={base_namespace}"));
    let watch = Watch::new(Api::<AnyNamespace>::all(shared.client.clone()), base, |_| {});
    let runtimes = Arc::new(Runtimes {
        config: config.functions.clone(),
        base_namespace: base_namespace.clone(),
        namespace: config.namespace.clone(),
        writer: shared.writer(),
        metrics: Arc::clone(&shared.metrics),
        described: Cache::default(),
        handed: Cache::default(),
        failures: Failures::default(),
    });
    let (wake, woken) = unbounded();
    // They end with this function.
    let _watches = runtimes.follow(&shared.client, &wake);
    reconcile::run(runtimes, watch, woken, 1, end).await;
}

impl Runtimes {
    fn follow(
        self: &Arc<Self>,
        client: &Client,
        wake: &UnboundedSender<ObjectRef<AnyNamespace>>,
    ) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        let labelled = format!("{}={}", config_label::KEY, config_label::RUNTIME);
        // What they say is in their metadata: a metadata watch is not sent their files.
        let maps = Api::<PartialObjectMeta<ConfigMap>>::namespaced(client.clone(), &self.base_namespace);
        let (runtimes, sender) = (Arc::clone(self), wake.clone());
        tasks.spawn(async move {
            let config = WatcherConfig::default().labels(&labelled);
            let keep = |map: &PartialObjectMeta<ConfigMap>| {
                InNamespace::of(&map.metadata, || Described::of(&map.metadata))
            };
            runtimes.described.follow(maps, config, keep, |_| runtimes.wake(&sender)).await;
        });
        let own = Api::<ConfigMap>::namespaced(client.clone(), &self.namespace);
        let (runtimes, sender) = (Arc::clone(self), wake.clone());
        tasks.spawn(async move {
            let config = WatcherConfig::default().fields(&format!("metadata.name={}", handed_runtimes::NAME));
            let keep = |map: &ConfigMap| {
                let text = map.data.as_ref().and_then(|data| data.get(handed_runtimes::KEY));
                InNamespace::of(&map.metadata, || Some(text.cloned()))
            };
            runtimes.handed.follow(own, config, keep, |_| runtimes.wake(&sender)).await;
        });
        tasks
    }

    fn wake(&self, sender: &UnboundedSender<ObjectRef<AnyNamespace>>) {
        // Nobody listens when the loop has ended.
        let _ = sender.unbounded_send(ObjectRef::new(&self.base_namespace));
    }
}

impl Reconciler for Runtimes {
    type Object = AnyNamespace;

    async fn ready(&self) {
        self.described.ready().await;
        self.handed.ready().await;
    }

    async fn look(&self, _: &AnyNamespace) -> Result<Action, Error> {
        let described = self.described.group(&self.base_namespace);
        let handed = handed(&self.config, described.iter().map(|(_, described)| &described.value));
        let text = serde_json::to_value(handed).map_err(Error::of_json)?;
        let text = serde_saphyr::to_string(&text).unwrap_or_default();
        let key = (self.namespace.clone(), handed_runtimes::NAME.to_owned());
        let known = self.handed.get(&key);
        if known.as_ref().is_some_and(|known| known.value.as_ref() == Some(&text)) {
            return Ok(Action::await_change());
        }
        let handing = Handing(wanted(&self.namespace, &text));
        let written = if known.is_some() {
            self.writer.update(&handing).await
        } else {
            self.writer.create(&handing).await
        };
        written?;
        self.failures.forget(&self.namespace);
        Ok(Action::await_change())
    }

    fn failed(&self, _: &AnyNamespace, error: &Error) -> Action {
        self.metrics.failed(error.reason());
        tracing::warn!(%error, "the runtimes could not be handed to the webhook");
        self.failures.failed(&self.namespace)
    }
}

/// The ConfigMap that is wanted: the name is ours in our own namespace.
struct Handing(Wanted);

fn wanted(namespace: &str, text: &str) -> Wanted {
    let (kind, name) = (Kind::ConfigMap, handed_runtimes::NAME);
    let object = json!({
        "apiVersion": kind.api_version(),
        "kind": kind.as_str(),
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {"app.kubernetes.io/name": "serverless-controller"},
        },
        "data": {(handed_runtimes::KEY): text},
    });
    Wanted { kind, namespace: namespace.to_owned(), name: name.to_owned(), object }
}

impl Intent for Handing {
    fn wanted(&self) -> &Wanted {
        &self.0
    }

    fn is_ours(&self, _: &Value) -> bool {
        true
    }

    fn is_done(&self, stored: &Value) -> bool {
        stored.get("data") == self.0.object.get("data")
    }
}
