//! Copies what is labelled so in the base namespace into every other one, and keeps the copies as they are to be. A namespace
//! is looked at as a whole, and one that fails waits for itself alone.

pub mod cleanup;
mod copy;
mod kept;
mod sort;
mod stores;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::channel::mpsc::unbounded;
use futures::future::join;
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _};
use kube::runtime::controller::{Action, Config as LoopConfig};
use kube::runtime::watcher::{Config as WatcherConfig, Event};
use kube::runtime::{Controller, WatchStreamExt as _, reflector, watcher};
use kube::{Api, Client};
use process::lease::Term;
use serde_json::{Map, Value};

use crate::backoff::Failures;
use crate::cluster::apply::Intent;
use crate::cluster::{Cluster, Error};
use crate::config::{Config, Propagation};
use crate::ending;
use crate::guarded::guarded;
use crate::metrics::Metrics;
use crate::stores::cache::PAGE;

use kept::State;
use sort::Sort;
use stores::{AnyNamespace, Stores};

/// How long copies of a Secret that goes are waited for. What is left then, because its namespace refuses, is taken away
/// later, and the Secret can go.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it is looked whether copies have gone.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

struct Context {
    config: Propagation,
    cluster: Cluster,
    stores: Arc<Stores>,
    metrics: Arc<Metrics>,
    /// Of namespaces.
    failures: Failures,
    /// Since when Secrets are waiting for their copies to go.
    leaving: Mutex<HashMap<String, Instant>>,
}

/// Runs for as long as the term lasts, or until `stop` comes; what is being done then is finished.
pub async fn run(
    client: Client,
    config: &Config,
    term: Term,
    metrics: Arc<Metrics>,
    stop: impl Future<Output = ()> + Send + Sync + 'static,
) {
    let config_of_loop = LoopConfig::default().concurrency(config.workers);
    let config = config.propagation.clone();
    let (namespaces, writer) = reflector::store();
    let stores = Arc::new(Stores::new(&config.base_namespace, namespaces.clone()));
    let (wake, woken) = unbounded();
    // They end with this function.
    let _watches = stores.follow(&client, &wake);
    let cluster = Cluster::new(client.clone(), term.clone());
    let context = Arc::new(Context {
        config,
        cluster,
        stores,
        metrics,
        failures: Failures::default(),
        leaving: Mutex::default(),
    });
    let forget = Arc::clone(&context);
    let stream = watcher(Api::<AnyNamespace>::all(client), WatcherConfig::default().page_size(PAGE))
        .default_backoff()
        .modify(|namespace| {
            let metadata = &mut namespace.metadata;
            (metadata.managed_fields, metadata.labels, metadata.annotations) = (None, None, None);
        })
        .reflect(writer)
        .inspect_ok(move |event| {
            if let Event::Delete(namespace) = event {
                forget.failures.forget(namespace.metadata.name.as_deref().unwrap_or_default());
            }
        })
        .applied_objects();
    let end = term.ended_or(stop).shared();
    let seen = (namespaces.clone(), Arc::clone(&context));
    let copies = Controller::for_stream(stream, namespaces)
        .with_config(config_of_loop)
        .reconcile_on(woken)
        .graceful_shutdown_on(end.clone())
        .run(reconcile, |namespace, error, context| context.failed(&namespace, error), context)
        .for_each(async |result| {
            if let Err(error) = result {
                tracing::debug!(%error, "not reconciled");
            }
        });
    let (namespaces, context) = seen;
    let ready = join(namespaces.wait_until_ready(), context.stores.ready());
    ending::in_order(copies.boxed(), end, ready).await;
}

async fn reconcile(namespace: Arc<AnyNamespace>, context: Arc<Context>) -> Result<Action, Error> {
    guarded(look(&namespace, &context)).await
}

async fn look(namespace: &AnyNamespace, context: &Context) -> Result<Action, Error> {
    context.stores.ready().await;
    let name = namespace.metadata.name.as_deref().unwrap_or_default();
    if name == context.config.base_namespace {
        return settle(context).await;
    }
    if !context.is_served(namespace) {
        return Ok(Action::await_change());
    }
    let mut failed = None;
    for sort in Sort::ALL {
        for object in context.stores.missing(sort, name) {
            let copy = Copied { sort, object };
            // The others are not held up.
            failed = failed.or(context.copy(&copy).await.err());
        }
    }
    for secret in context.stores.orphans(name) {
        let is_meant = |stored: &Value| !copy::is_kept_by_user(Sort::Secret, stored);
        failed = failed.or(context.cluster.delete_if(name, "Secret", &secret, is_meant).await.err());
    }
    failed.map_or(Ok(()), Err)?;
    context.failures.forget(name);
    Ok(Action::await_change())
}

/// Looks after the finalizers of the Secrets that are copied: there before the first copy, and until the last.
async fn settle(context: &Context) -> Result<Action, Error> {
    let base_namespace = &context.config.base_namespace;
    if context.stores.is_terminating() {
        return release(context).await;
    }
    let unsettled = context.stores.unsettled();
    context.leaving().retain(|known, _| unsettled.iter().any(|(name, _)| name == known));
    let mut waits = false;
    for (name, base) in unsettled {
        let patch = match &base.state {
            State::Live(_) => continue,
            State::New(patch) => Some(patch),
            State::Leaving => {
                let since = *context.leaving().entry(name.clone()).or_insert_with(Instant::now);
                let left = context.stores.have(&name, |namespace| context.is_served(namespace));
                if !left.is_empty() && since.elapsed() < PATIENCE {
                    waits = true;
                    continue;
                }
                if !left.is_empty() {
                    tracing::warn!(secret = name, namespaces = ?left, "goes before its copies, which are tried again");
                }
                base.release.as_ref()
            }
        };
        if let Some(patch) = patch {
            context.patch_base(&name, patch.clone()).await?;
        }
    }
    context.failures.forget(base_namespace);
    Ok(if waits { Action::requeue(LOOK_AGAIN) } else { Action::await_change() })
}

/// Removes all finalizers at once. In a namespace that is being deleted this process ends soon, too, and a finalizer that
/// is left then keeps the namespace for ever.
async fn release(context: &Context) -> Result<Action, Error> {
    for (name, patch) in context.stores.held() {
        context.patch_base(&name, patch).await?;
    }
    context.failures.forget(&context.config.base_namespace);
    Ok(Action::await_change())
}

impl Context {
    /// Whether a namespace gets copies.
    fn is_served(&self, namespace: &AnyNamespace) -> bool {
        let name = namespace.metadata.name.as_deref().unwrap_or_default();
        namespace.metadata.deletion_timestamp.is_none()
            && name != self.config.base_namespace
            && !self.config.excluded_namespaces.contains(name)
    }

    /// Patches a Secret of the base namespace, unless it is gone.
    async fn patch_base(&self, name: &str, patch: Value) -> Result<(), Error> {
        match self.cluster.patch(&self.config.base_namespace, "Secret", name, patch).await {
            Err(Error::Api(kube::Error::Api(status))) if status.is_not_found() => Ok(()),
            patched => patched.map(drop),
        }
    }

    async fn copy(&self, copy: &Copied) -> Result<(), Error> {
        let (namespace, name) = (copy.text("/metadata/namespace"), copy.text("/metadata/name"));
        let made = if self.stores.is_there(copy.sort, &namespace, &name) {
            self.cluster.update(copy).await
        } else {
            self.cluster.create(copy).await
        };
        let object = match made {
            // It belongs to the users, and says so since a moment ago.
            Err(Error::Taken { .. }) => return Ok(()),
            made => made?,
        };
        if self.stores.written(copy.sort, &object) {
            return Ok(());
        }
        // Trying again at once would be a race without an end.
        let (kind, name) = (copy.text("/kind"), copy.text("/metadata/name"));
        Err(Error::Refused { kind, name, message: "somebody else changes it as it is written".to_owned() })
    }

    fn failed(&self, namespace: &AnyNamespace, error: &Error) -> Action {
        let name = namespace.metadata.name.as_deref().unwrap_or_default();
        self.metrics.propagation_failed(error.reason());
        tracing::warn!(%error, namespace = name, "not everything could be copied into a namespace");
        self.failures.failed(name)
    }

    fn leaving(&self) -> std::sync::MutexGuard<'_, HashMap<String, Instant>> {
        self.leaving.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A copy that is wanted.
struct Copied {
    sort: Sort,
    object: Value,
}

impl Copied {
    fn text(&self, pointer: &str) -> String {
        self.object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    }
}

impl Intent for Copied {
    fn object(&self) -> &Value {
        &self.object
    }

    /// What has the name of a copy becomes one, unless its users say that it is theirs.
    fn is_ours(&self, stored: &Value) -> bool {
        !copy::is_kept_by_user(self.sort, stored)
    }

    fn is_done(&self, stored: &Value) -> bool {
        copy::is_copied(self.sort, &self.object, stored)
    }

    fn over(&self, stored: &Value) -> Value {
        copy::merged(self.sort, &self.object, stored)
    }

    fn must_be_remade(&self, stored: &Value) -> bool {
        copy::must_be_remade(self.sort, &self.object, stored)
    }

    fn foreign(&self, stored: &Value) -> Map<String, Value> {
        copy::foreign_keys(&self.object, stored)
    }
}
