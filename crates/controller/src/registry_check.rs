//! Tries the credentials of a registry Secret when they change, and says on the Secret how that went. Nothing waits for it.

mod account;
mod probe;

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use api::names::{REGISTRY_CHECK, config_label, copy_mark, registry_secret};
use futures::future::join;
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use kube::api::PartialObjectMeta;
use kube::runtime::controller::{Action, Config as LoopConfig};
use kube::runtime::watcher::{Config as WatcherConfig, Event};
use kube::runtime::{Controller, WatchStreamExt as _, reflector, watcher};
use kube::{Api, Client, Resource as _, ResourceExt as _};
use process::lease::Term;
use serde_json::json;

use crate::backoff::Failures;
use crate::cluster::{Cluster, Error, News};
use crate::config::{Config, RegistryCheck};
use crate::ending;
use crate::guard;
use crate::guarded::guarded;
use crate::metrics::Metrics;
use crate::stores::cache::PAGE;
use crate::stores::kept::fingerprint;
use crate::turns::Turns;

pub use account::{Account, AccountError};
pub(crate) use probe::fuzz_challenge;
pub use probe::{Verdict, probe};

/// How many registries are asked at once.
const CONCURRENCY: usize = 4;
/// How many of them for one namespace.
const PER_NAMESPACE: usize = 1;

type AnySecret = PartialObjectMeta<Secret>;

struct Context {
    config: RegistryCheck,
    client: Client,
    cluster: Cluster,
    metrics: Arc<Metrics>,
    turns: Turns,
    /// What was tried, by the UID of the Secret.
    known: Mutex<HashMap<String, Known>>,
    /// Of Secrets, by their UIDs.
    failures: Failures,
}

#[derive(Clone)]
struct Known {
    /// The [`fingerprint`] of the data that were tried.
    data: u64,
    /// Whether the registry has answered.
    is_answered: bool,
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
        turns: Turns::new(CONCURRENCY, PER_NAMESPACE),
        known: Mutex::default(),
        failures: Failures::default(),
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
    let forget = Arc::clone(&context);
    let stream = watcher(secrets, WatcherConfig::default().labels(labels).page_size(PAGE))
        .default_backoff()
        .modify(|secret| {
            let metadata = &mut secret.metadata;
            (metadata.managed_fields, metadata.labels) = (None, None);
            // Others may hold what kubectl has applied, passwords and all.
            let annotations = metadata.annotations.take().unwrap_or_default().into_iter();
            metadata.annotations =
                Some(annotations.filter(|(key, _)| key == copy_mark::COPIED_FROM).collect());
        })
        .reflect(writer)
        .inspect_ok(move |event| {
            if let Event::Delete(secret) = event {
                let uid = secret.uid().unwrap_or_default();
                forget.known().remove(&uid);
                forget.failures.forget(&uid);
            }
        })
        .applied_objects();
    let end = term.ended_or(stop).shared();
    let seen = store.clone();
    let checks = Controller::for_stream(stream, store)
        // Any number: they wait for their turns, which the loop itself would not give out by namespace.
        .with_config(LoopConfig::default().concurrency(0))
        .graceful_shutdown_on(end.clone())
        .run(
            reconcile,
            |secret, _, context| context.failures.failed(&secret.uid().unwrap_or_default()),
            context,
        )
        .for_each(async |result| {
            if let Err(error) = result {
                tracing::warn!(%error, "a registry Secret could not be tried");
            }
        });
    ending::in_order(checks.boxed(), end, seen.wait_until_ready()).await;
}

async fn reconcile(secret: Arc<AnySecret>, context: Arc<Context>) -> Result<Action, Error> {
    guarded(Box::pin(look(&secret, &context))).await
}

async fn look(secret: &AnySecret, context: &Context) -> Result<Action, Error> {
    let is_copy = secret.annotations().contains_key(copy_mark::COPIED_FROM);
    let (Some(namespace), Some(uid)) = (secret.namespace(), secret.uid()) else {
        return Ok(Action::await_change());
    };
    if is_copy || secret.metadata.deletion_timestamp.is_some() {
        return Ok(Action::await_change());
    }
    let turn = context.turns.take(&namespace).await;
    guard::holding(turn, check(&secret.name_any(), &namespace, uid, context)).await
}

async fn check(name: &str, namespace: &str, uid: String, context: &Context) -> Result<Action, Error> {
    let secrets = Api::<Secret>::namespaced(context.client.clone(), namespace);
    let Some(mut secret) = secrets.get_opt(name).await? else {
        return Ok(Action::await_change());
    };
    let data = fingerprint(&secret);
    let account = Account::of(secret.data.take().unwrap_or_default(), &context.config);
    let known = context.known().get(&uid).cloned();
    // After a restart nothing is known: then all are tried again, and most are as they were.
    let is_changed = known.as_ref().is_some_and(|known| known.data != data);
    if is_changed {
        context.failures.forget(&uid);
    } else if known.is_some_and(|known| known.is_answered) {
        return Ok(Action::await_change());
    }
    let verdict = match account {
        Ok(account) => survived(probe(&account, &context.config)).await,
        // The webhook says so.
        Err(AccountError::Incomplete) => return Ok(Action::await_change()),
        Err(error) => Verdict::NoRegistry(error.to_string()),
    };
    context.metrics.registry_check(verdict.word());
    context.tell(namespace, &secret, &verdict, is_changed).await?;
    let is_answered = !matches!(verdict, Verdict::Unreachable(_));
    context.known().insert(uid.clone(), Known { data, is_answered });
    if !is_answered {
        return Ok(context.failures.failed(&uid));
    }
    context.failures.forget(&uid);
    Ok(Action::await_change())
}

/// The verdict, also of a check that panics.
async fn survived(verdict: impl Future<Output = Verdict>) -> Verdict {
    let panicked = |_| {
        Verdict::Unreachable(
            "the check ended by a fault of the controller, which its log describes".to_owned(),
        )
    };
    AssertUnwindSafe(verdict).catch_unwind().await.unwrap_or_else(panicked)
}

impl Context {
    /// Says what was found, unless that is said of these data already.
    async fn tell(
        &self,
        namespace: &str,
        secret: &Secret,
        verdict: &Verdict,
        is_changed: bool,
    ) -> Result<(), Error> {
        let said = secret.annotations().get(REGISTRY_CHECK);
        let said = said.and_then(|said| said.split_once(' ')).map(|(_, verdict)| verdict);
        if !is_changed && said == Some(verdict.to_string().as_str()) {
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
