//! Hands the runtimes of the base namespace to the webhook, in one ConfigMap that it mounts. So a runtime is added in one place,
//! and no request waits for the API server.

use std::sync::Arc;

use api::names::{config_label, handed_runtimes};
use cluster::reconcile::{self, Action, Reconciler};
use cluster::{Cache, Error, Failures, InNamespace, Writer};
use decide::Kind;
use decide::function::Config as FunctionConfig;
use decide::runtimes::{Described, handed};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::PartialObjectMeta;
use kube::runtime::watcher::Config as WatcherConfig;
use kube::{Api, Client};
use serde_json::json;
use tokio::task::JoinSet;

use crate::base_namespace::{self, BaseNamespace, Wake};
use crate::config::Config;
use crate::metrics::Metrics;
use crate::own_object::OwnObject;
use crate::shared::Shared;

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
    let watch = base_namespace::watch(&shared.client, base_namespace);
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
    let (wake, woken) = Wake::new(base_namespace);
    // They end with this function.
    let _watches = runtimes.follow(&shared.client, &wake);
    reconcile::run(runtimes, watch, woken, 1, end).await;
}

impl Runtimes {
    fn follow(self: &Arc<Self>, client: &Client, wake: &Wake) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        let labelled = format!("{}={}", config_label::KEY, config_label::RUNTIME);
        // What they say is in their metadata: a metadata watch is not sent their files.
        let maps = Api::<PartialObjectMeta<ConfigMap>>::namespaced(client.clone(), &self.base_namespace);
        let (runtimes, wake_on_change) = (Arc::clone(self), wake.clone());
        tasks.spawn(async move {
            let config = WatcherConfig::default().labels(&labelled);
            let keep = |map: &PartialObjectMeta<ConfigMap>| {
                InNamespace::of(&map.metadata, || Described::of(&map.metadata))
            };
            runtimes.described.follow(maps, config, keep, |_| wake_on_change.wake()).await;
        });
        let own = Api::<ConfigMap>::namespaced(client.clone(), &self.namespace);
        let (runtimes, wake_on_change) = (Arc::clone(self), wake.clone());
        tasks.spawn(async move {
            let keep = |map: &ConfigMap| {
                let text = map.data.as_ref().and_then(|data| data.get(handed_runtimes::KEY));
                InNamespace::of(&map.metadata, || Some(text.cloned()))
            };
            let config = base_namespace::named(handed_runtimes::NAME);
            runtimes.handed.follow(own, config, keep, |_| wake_on_change.wake()).await;
        });
        tasks
    }
}

impl Reconciler for Runtimes {
    type Object = BaseNamespace;

    async fn ready(&self) {
        self.described.ready().await;
        self.handed.ready().await;
    }

    async fn look(&self, _: &BaseNamespace) -> Result<Action, Error> {
        let described = self.described.group(&self.base_namespace);
        let handed = handed(&self.config, described.iter().map(|(_, described)| &described.value));
        let text = serde_json::to_value(handed).map_err(Error::of_json)?;
        let text = serde_saphyr::to_string(&text).unwrap_or_default();
        let key = (self.namespace.clone(), handed_runtimes::NAME.to_owned());
        let known = self.handed.get(&key);
        let is_known = known.as_ref().is_some_and(|known| known.value.as_ref() == Some(&text));
        let data = json!({(handed_runtimes::KEY): text});
        let map = OwnObject::installed(Kind::ConfigMap, &self.namespace, handed_runtimes::NAME, &data);
        match known {
            _ if is_known => {}
            Some(_) => drop(self.writer.update(&map).await?),
            None => drop(self.writer.create(&map).await?),
        }
        self.failures.forget(&self.namespace);
        Ok(Action::await_change())
    }

    fn failed(&self, _: &BaseNamespace, error: &Error) -> Action {
        self.metrics.failed(error.reason());
        tracing::warn!(%error, "the runtimes could not be handed to the webhook");
        self.failures.failed(&self.namespace)
    }
}
