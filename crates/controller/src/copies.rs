//! Copies labelled objects of the base namespace to all other namespaces, and keeps the copies up to date. Each
//! namespace is reconciled as a whole; if one fails, only that one waits.

pub mod cleanup;
mod stores;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cluster::reconcile::{self, Action, Reconciler, Watch};
use cluster::{Error, Failures, Intent, Writer};
use decide::Kind;
use decide::copies::{CopiedKind, State, wanted};
use decide::plan::Wanted;
use futures::channel::mpsc::unbounded;
use kube::Api;
use kube::runtime::watcher::{Config as WatcherConfig, Event};
use process::causes::Causes;
use serde_json::{Map, Value};

use crate::config::{Config, Propagation};
use crate::metrics::Metrics;
use crate::shared::Shared;
use stores::{AnyNamespace, Stores};

/// How long a deleted Secret waits for the deletion of its copies. After that it is deleted; copies whose namespace
/// refuses the deletion are deleted later.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often the copies are checked meanwhile.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

struct Copies {
    config: Propagation,
    writer: Writer,
    stores: Arc<Stores>,
    metrics: Arc<Metrics>,
    /// Failures by namespace.
    failures: Failures,
    /// Since when Secrets wait for the deletion of their copies.
    leaving: Mutex<HashMap<String, Instant>>,
}

/// Runs until `end` completes; work in progress then finishes.
pub async fn run(shared: &Shared, config: &Config, end: impl Future<Output = ()> + Send + Sync + 'static) {
    let namespaces = Api::<AnyNamespace>::all(shared.client.clone());
    let watch = Watch::new(namespaces, WatcherConfig::default(), |namespace| {
        let metadata = &mut namespace.metadata;
        (metadata.managed_fields, metadata.labels, metadata.annotations) = (None, None, None);
    });
    let stores = Arc::new(Stores::new(&config.propagation.base_namespace, watch.store()));
    let (wake, woken) = unbounded();
    // The watches end with this function.
    let _watches = stores.follow(&shared.client, &wake);
    let copies = Copies {
        config: config.propagation.clone(),
        writer: shared.writer(),
        stores,
        metrics: Arc::clone(&shared.metrics),
        failures: Failures::default(),
        leaving: Mutex::default(),
    };
    reconcile::run(Arc::new(copies), watch, woken, config.workers, end).await;
}

impl Reconciler for Copies {
    type Object = AnyNamespace;

    async fn ready(&self) {
        self.stores.ready().await;
    }

    fn seen(&self, event: &Event<AnyNamespace>) {
        if let Event::Delete(namespace) = event {
            self.failures.forget(name_of(namespace));
        }
    }

    async fn look(&self, namespace: &AnyNamespace) -> Result<Action, Error> {
        let name = name_of(namespace);
        if name == self.config.base_namespace {
            return self.settle().await;
        }
        if !self.is_served(namespace) {
            return Ok(Action::await_change());
        }
        let mut failed = None;
        for kind in CopiedKind::ALL {
            for wanted in self.stores.missing(kind, name) {
                // An error does not hold up the other copies.
                failed = failed.or(self.copy(&Copied { kind, wanted }).await.err());
            }
        }
        for secret in self.stores.orphans(name) {
            let is_meant = |stored: &Value| !wanted::is_kept_by_user(CopiedKind::Secret, stored);
            let deleted = self.writer.delete_if(Kind::Secret, name, &secret, is_meant).await;
            failed = failed.or(deleted.err());
        }
        failed.map_or(Ok(()), Err)?;
        self.failures.forget(name);
        Ok(Action::await_change())
    }

    fn failed(&self, namespace: &AnyNamespace, error: &Error) -> Action {
        let name = name_of(namespace);
        self.metrics.propagation_failed(error.reason());
        tracing::warn!(error = %Causes(error), namespace = name, "cannot copy everything into a namespace");
        self.failures.failed(name)
    }
}

fn name_of(namespace: &AnyNamespace) -> &str {
    namespace.metadata.name.as_deref().unwrap_or_default()
}

impl Copies {
    /// Manages the finalizers of copied Secrets: a Secret has one from before its first copy until after the deletion
    /// of the last.
    async fn settle(&self) -> Result<Action, Error> {
        let base_namespace = &self.config.base_namespace;
        if self.stores.is_terminating() {
            return self.release().await;
        }
        let unsettled = self.stores.unsettled();
        self.leaving().retain(|known, _| unsettled.iter().any(|(name, _)| name == known));
        let mut waits = false;
        for (name, base) in unsettled {
            let patch = match &base.value.state {
                State::Live(_) => continue,
                State::New(patch) => Some(patch),
                State::Leaving if self.is_waited_for(&name) => {
                    waits = true;
                    continue;
                }
                State::Leaving => base.value.release.as_ref(),
            };
            if let Some(patch) = patch {
                self.patch_base(&name, patch.clone()).await?;
            }
        }
        self.failures.forget(base_namespace);
        Ok(if waits { Action::requeue(LOOK_AGAIN) } else { Action::await_change() })
    }

    /// Whether a Secret still waits for the deletion of its copies. The wait is limited.
    fn is_waited_for(&self, secret: &str) -> bool {
        let since = *self.leaving().entry(secret.to_owned()).or_insert_with(Instant::now);
        let left = self.stores.have(secret, |namespace| self.is_served(namespace));
        if left.is_empty() {
            return false;
        }
        if since.elapsed() < PATIENCE {
            return true;
        }
        tracing::warn!(secret, namespaces = ?left, "a Secret is deleted before its copies; the controller retries to delete them");
        false
    }

    /// Removes all finalizers at once. If the base namespace is being deleted, this process ends soon, too, and a
    /// finalizer that is left would keep the namespace for ever.
    async fn release(&self) -> Result<Action, Error> {
        for (name, patch) in self.stores.held() {
            self.patch_base(&name, patch).await?;
        }
        self.failures.forget(&self.config.base_namespace);
        Ok(Action::await_change())
    }

    /// Whether a namespace gets copies.
    fn is_served(&self, namespace: &AnyNamespace) -> bool {
        let name = name_of(namespace);
        namespace.metadata.deletion_timestamp.is_none()
            && name != self.config.base_namespace
            && !self.config.excluded_namespaces.contains(name)
    }

    /// Patches a Secret of the base namespace, unless it is deleted.
    async fn patch_base(&self, name: &str, patch: Value) -> Result<(), Error> {
        match self.writer.patch(Kind::Secret, &self.config.base_namespace, name, patch).await {
            Err(error) if error.is_not_found() => Ok(()),
            patched => patched.map(drop),
        }
    }

    async fn copy(&self, copy: &Copied) -> Result<(), Error> {
        let Wanted { kind, namespace, name, .. } = &copy.wanted;
        let made = if self.stores.is_there(copy.kind, namespace, name) {
            self.writer.update(copy).await
        } else {
            self.writer.create(copy).await
        };
        let object = match made {
            // Its users have just taken over its management.
            Err(Error::Taken { .. }) => return Ok(()),
            made => made?,
        };
        if self.stores.written(copy.kind, &object) {
            return Ok(());
        }
        // Retrying at once would be an endless race.
        let message = "another client changed it during the write".to_owned();
        Err(Error::Refused { kind: *kind, name: name.clone(), message })
    }

    fn leaving(&self) -> MutexGuard<'_, HashMap<String, Instant>> {
        self.leaving.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A wanted copy.
struct Copied {
    kind: CopiedKind,
    wanted: Wanted,
}

impl Intent for Copied {
    fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// An object with the name of a copy becomes one, unless its users mark it as theirs.
    fn is_ours(&self, stored: &Value) -> bool {
        !wanted::is_kept_by_user(self.kind, stored)
    }

    fn is_done(&self, stored: &Value) -> bool {
        wanted::is_copied(self.kind, &self.wanted.object, stored)
    }

    fn over(&self, stored: &Value) -> Value {
        wanted::merged(self.kind, &self.wanted.object, stored)
    }

    fn must_be_remade(&self, stored: &Value) -> bool {
        wanted::must_be_remade(self.kind, &self.wanted.object, stored)
    }

    fn foreign(&self, stored: &Value) -> Map<String, Value> {
        wanted::foreign_keys(&self.wanted.object, stored)
    }
}
