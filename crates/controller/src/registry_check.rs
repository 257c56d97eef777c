//! Tries the credentials of a registry Secret when they change, and says on the Secret how that went. Nothing waits for it.

mod account;
mod probe;

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

use api::names::{REGISTRY_CHECK, config_label, copy_mark, registry_secret};
use futures::StreamExt as _;
use futures::future::join;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use kube::api::PartialObjectMeta;
use kube::runtime::controller::{Action, Config as LoopConfig};
use kube::runtime::watcher::Config as WatcherConfig;
use kube::runtime::{Controller, WatchStreamExt as _, reflector, watcher};
use kube::{Api, Client, Resource as _, ResourceExt as _};
use operation::lease::Term;
use serde_json::json;

use crate::cluster::{Cluster, Error, News};
use crate::config::{Config, RegistryCheck};
use crate::context::retry;
use crate::metrics::Metrics;

pub use account::Account;
pub use probe::{Verdict, probe};

/// How many registries are asked at once.
const CONCURRENCY: u16 = 4;

type AnySecret = PartialObjectMeta<Secret>;

struct Context {
    config: RegistryCheck,
    client: Client,
    cluster: Cluster,
    metrics: Arc<Metrics>,
    seed: RandomState,
    /// What has been found, by the UID of the Secret.
    known: Mutex<HashMap<String, Known>>,
}

#[derive(Clone, Default)]
struct Known {
    /// The data that were tried, as a hash that means nothing elsewhere.
    data: u64,
    /// How often the registry could not be reached in a row; `None` if it has answered.
    failures: Option<u32>,
}

/// Runs for as long as the term lasts, or until `stop` comes. Copies are not tried: what they are copied from is.
pub async fn run<S: Future<Output = ()> + Send + Sync + 'static>(
    client: Client,
    config: &Config,
    term: Term,
    metrics: Arc<Metrics>,
    stop: impl Fn() -> S,
) {
    if !config.registry_check.enabled {
        return;
    }
    let labelled = format!("{}={}", registry_secret::LABEL, registry_secret::LABEL_VALUE);
    let elsewhere = format!("{labelled},{}!={}", config_label::KEY, config_label::CREDENTIALS);
    let context = Arc::new(Context {
        config: config.registry_check.clone(),
        client: client.clone(),
        cluster: Cluster::new(client.clone(), term.clone()),
        metrics,
        seed: RandomState::new(),
        known: Mutex::default(),
    });
    let base = Api::namespaced(client.clone(), &config.propagation.base_namespace);
    let in_base = follow(base, &labelled, Arc::clone(&context), term.clone(), stop());
    let in_others = follow(Api::all(client), &elsewhere, context, term, stop());
    join(in_base, in_others).await;
}

async fn follow(
    secrets: Api<AnySecret>,
    labels: &str,
    context: Arc<Context>,
    term: Term,
    stop: impl Future<Output = ()> + Send + Sync + 'static,
) {
    let (store, writer) = reflector::store();
    let stream = watcher(secrets, WatcherConfig::default().labels(labels))
        .default_backoff()
        .modify(|secret| secret.metadata.managed_fields = None)
        .reflect(writer)
        .applied_objects();
    Controller::for_stream(stream, store)
        .with_config(LoopConfig::default().concurrency(CONCURRENCY))
        .graceful_shutdown_on(async move {
            futures::future::select(std::pin::pin!(stop), std::pin::pin!(term.ended())).await;
        })
        .run(reconcile, |_, _, _| Action::requeue(retry(1, fastrand::f64())), context)
        .for_each(async |result| {
            if let Err(error) = result {
                tracing::warn!(%error, "a registry Secret could not be tried");
            }
        })
        .await;
}

async fn reconcile(secret: Arc<AnySecret>, context: Arc<Context>) -> Result<Action, Error> {
    let is_copy = secret.annotations().contains_key(copy_mark::COPIED_FROM);
    let (Some(namespace), Some(uid)) = (secret.namespace(), secret.uid()) else {
        return Ok(Action::await_change());
    };
    if is_copy || secret.metadata.deletion_timestamp.is_some() {
        context.known().remove(&uid);
        return Ok(Action::await_change());
    }
    let secrets = Api::<Secret>::namespaced(context.client.clone(), &namespace);
    let Some(secret) = secrets.get_opt(&secret.name_any()).await? else { return Ok(Action::await_change()) };
    let data = secret.data.iter().flatten().map(|(key, value)| (key, &value.0)).collect::<Vec<_>>();
    let data = context.seed.hash_one(data);
    let known = context.known().get(&uid).cloned();
    let is_new = known.as_ref().is_none_or(|known| known.data != data);
    if known.is_some_and(|known| known.data == data && known.failures.is_none()) {
        return Ok(Action::await_change());
    }
    let Some(account) = Account::of(&secret) else { return Ok(Action::await_change()) };
    let verdict = probe(&account, context.config.timeout).await;
    context.metrics.registry_check(verdict.word());
    let failures = {
        let mut known = context.known();
        let known = known.entry(uid).or_default();
        let before = if is_new { 0 } else { known.failures.unwrap_or_default() };
        known.failures = matches!(verdict, Verdict::Unreachable(_)).then(|| before.saturating_add(1));
        known.data = data;
        known.failures
    };
    context.tell(&namespace, &secret, &verdict, is_new).await?;
    Ok(failures
        .map_or_else(Action::await_change, |failures| Action::requeue(retry(failures, fastrand::f64()))))
}

impl Context {
    /// Says what was found, unless that is known.
    async fn tell(
        &self,
        namespace: &str,
        secret: &Secret,
        verdict: &Verdict,
        is_new: bool,
    ) -> Result<(), Error> {
        let said = secret.annotations().get(REGISTRY_CHECK);
        let said = said.and_then(|said| said.split_once(' ')).map(|(_, verdict)| verdict);
        let is_said = said == Some(verdict.to_string().as_str());
        // After a restart all is tried again, and most is as it was.
        if is_said && (!is_new || matches!(verdict, Verdict::Accepted)) {
            return Ok(());
        }
        let now = Timestamp::now();
        let time = now.strftime("%Y-%m-%dT%H:%M:%SZ");
        let metadata = json!({
            "uid": secret.uid(),
            "annotations": {(REGISTRY_CHECK): format!("{time} {verdict}")},
        });
        self.cluster.patch(namespace, "Secret", &secret.name_any(), json!({"metadata": metadata})).await?;
        let is_good = matches!(verdict, Verdict::Accepted);
        let news = News {
            regarding: secret.object_ref(&()),
            time: now,
            action: "RegistryCheck",
            reason: if is_good { "RegistryCheckSucceeded" } else { "RegistryCheckFailed" },
            note: &format!("The registry was tried with these credentials: {verdict}"),
            is_warning: !is_good,
        };
        self.cluster.tell(&news).await
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
