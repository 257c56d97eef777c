//! Makes accounts of registries for push and pull secrets, writes their credentials into Secrets, and rotates them.

mod cached;
mod held;
mod own_secret;
mod passwords;
mod reconciled;
mod sources;
mod steps;
mod wake;

use std::sync::Arc;

use api::names::registry::{ACCOUNTS_FINALIZER, ROTATE};
use api::registry::{ImagePullSecret, ImagePushSecret, ImageSecretStatus, RegistryReason};
use cluster::reconcile::{self, Action, Reconciler, Watch};
use cluster::{Cache, Clock, Error, Failures, Note, Writer};
use decide::finalizers;
use decide::registry::rotation;
use decide::registry::secret::{self, Defaults, Next, Plan, Request};
use decide::registry::tally::{self, Tally};
use futures::FutureExt as _;
use futures::future::{Either, join, select};
use jiff::Timestamp;
use kube::runtime::reflector::Store;
use kube::runtime::watcher::{Config as WatcherConfig, Event};
use kube::{Api, ResourceExt as _};
use process::causes::Causes;
use serde_json::json;

use crate::config::Config;
use crate::image_accounts;
use crate::metrics::{Counted, Metrics};
use crate::shared::Shared;
use cached::{CachedAccount, CachedSecret};
use held::HeldPasswords;
use passwords::Passwords;
use reconciled::Reconciled;
use sources::Sources;
use wake::{Wake, Woken};

/// How often the Secret may be written in one look. It changes once, unless somebody else changes it at the same time.
const ROUNDS: usize = 3;

struct Secrets<K> {
    defaults: Defaults,
    writer: Writer,
    sources: Arc<Sources>,
    /// The accounts of secrets of this kind, by their label.
    accounts: Arc<Cache<CachedAccount>>,
    /// Their Secrets, by the same label.
    written: Arc<Cache<CachedSecret>>,
    passwords: Arc<Passwords>,
    held: HeldPasswords,
    clock: Arc<Clock>,
    metrics: Arc<Metrics>,
    /// Failures by the UID of the object.
    failures: Failures,
    /// For status writes.
    api: fn(kube::Client, &str) -> Api<K>,
}

/// Runs until `end` completes; work in progress then finishes. Without the CRDs it waits for them.
pub async fn run(shared: &Shared, config: &Config, end: impl Future<Output = ()> + Send + Sync + 'static) {
    let end = end.shared();
    let clock = Arc::new(image_accounts::clock(shared.client.clone()));
    if let Either::Right(_) = select(Box::pin(clock.served()), end.clone()).await {
        return;
    }
    let registries = &config.image_registries;
    let namespace = registries.default_namespace.as_ref().unwrap_or(&config.namespace);
    let defaults = Defaults {
        interval: registries.rotation_interval,
        registry: (namespace.clone(), registries.default_name.clone()),
    };
    let (sources, passwords) = (Arc::<Sources>::default(), Arc::<Passwords>::default());
    let (push, push_watch, pushes) =
        start::<ImagePushSecret>(shared, &defaults, &sources, &passwords, &clock);
    let (pull, pull_watch, pulls) = start::<ImagePullSecret>(shared, &defaults, &sources, &passwords, &clock);
    let _counting = [
        shared.metrics.count(Counted::PushSecrets, counted(push_watch.store())),
        shared.metrics.count(Counted::PullSecrets, counted(pull_watch.store())),
    ];
    let (wake_push, wake_pull) = (pushes.wake.clone(), pulls.wake.clone());
    // The watches end with this function.
    let mut watches = sources.follow(&shared.client, move |origin| {
        wake_push.all_of(origin);
        wake_pull.all_of(origin);
    });
    pushes.wake.follow(&shared.client, &push.accounts, &push.written, &mut watches);
    pulls.wake.follow(&shared.client, &pull.accounts, &pull.written, &mut watches);
    let pushes = reconcile::run(push, push_watch, pushes.stream, config.workers, end.clone());
    let pulls = reconcile::run(pull, pull_watch, pulls.stream, config.workers, end);
    join(pushes, pulls).await;
}

/// Counts the objects of a kind.
fn counted<K: Reconciled>(store: Store<K>) -> impl Fn(Timestamp) -> Tally + Send + 'static {
    move |now| {
        let objects = store.state();
        let is_left = |object: &&Arc<K>| object.meta().deletion_timestamp.is_none();
        tally::secrets(objects.iter().filter(is_left).map(|object| object.status()), now)
    }
}

fn start<K: Reconciled>(
    shared: &Shared,
    defaults: &Defaults,
    sources: &Arc<Sources>,
    passwords: &Arc<Passwords>,
    clock: &Arc<Clock>,
) -> (Arc<Secrets<K>>, Watch<K>, Woken<K>) {
    let all = Api::<K>::all(shared.client.clone());
    let watch = Watch::new(all, WatcherConfig::default(), |object| {
        let metadata = object.meta_mut();
        (metadata.managed_fields, metadata.labels) = (None, None);
        if let Some(annotations) = &mut metadata.annotations {
            annotations.retain(|key, _| key == ROTATE);
        }
    });
    let woken = Wake::listen(watch.store(), defaults);
    let secrets = Secrets {
        defaults: defaults.clone(),
        writer: shared.writer(),
        sources: Arc::clone(sources),
        accounts: Arc::default(),
        written: Arc::default(),
        passwords: Arc::clone(passwords),
        held: HeldPasswords::default(),
        clock: Arc::clone(clock),
        metrics: Arc::clone(&shared.metrics),
        failures: Failures::default(),
        api: |client, namespace| Api::namespaced(client, namespace),
    };
    (Arc::new(secrets), watch, woken)
}

impl<K: Reconciled> Reconciler for Secrets<K> {
    type Object = K;

    async fn ready(&self) {
        self.sources.ready().await;
        self.accounts.ready().await;
        self.written.ready().await;
    }

    fn seen(&self, event: &Event<K>) {
        if let Event::Delete(object) = event {
            let uid = object.uid().unwrap_or_default();
            self.failures.forget(&uid);
            self.held.forget(&uid);
            self.passwords.forget(&object.namespace().unwrap_or_default(), &uid);
        }
    }

    async fn look(&self, object: &K) -> Result<Action, Error> {
        let request = Request::of(object, &self.defaults);
        if let Some(rest) = self.failures.rest(&request.uid) {
            return Ok(Action::requeue(rest));
        }
        let metadata = object.meta();
        let is_held = finalizers::has(metadata, ACCOUNTS_FINALIZER);
        if metadata.deletion_timestamp.is_some() {
            if is_held {
                self.release(&request, metadata).await?;
            }
            return Ok(Action::await_change());
        }
        if !is_held {
            let patch = finalizers::added(metadata, ACCOUNTS_FINALIZER);
            let held = self.writer.patch(request.kind, &request.namespace, &request.name, patch).await;
            self.reported(object, RegistryReason::FailedUpdate, held.map(drop)).await?;
        }
        let advanced = self.advance(object, &request).await;
        let action = self.reported(object, RegistryReason::FailedSync, advanced).await?;
        self.failures.forget(&request.uid);
        Ok(action)
    }

    fn failed(&self, object: &K, error: &Error) -> Action {
        self.metrics.failed(error.reason());
        let (namespace, name) = (object.namespace(), object.name_any());
        tracing::warn!(error = %Causes(error), namespace, kind = K::KIND.as_str(), name, "credentials could not be renewed");
        self.failures.failed(&object.uid().unwrap_or_default())
    }
}

impl<K: Reconciled> Secrets<K> {
    /// Decides and writes, until there is nothing to write but the status, or something has to wait.
    async fn advance(&self, object: &K, request: &Request) -> Result<Action, Error> {
        if let Some(rest) = self.held.rest(request, self.clock.now().await?) {
            return Ok(Action::requeue(rest));
        }
        let mut observed = self.observe(request).await?;
        for _ in 0..ROUNDS {
            let Some(around) = &mut observed else { return Ok(Action::await_change()) };
            let held = self.held.account(&request.uid);
            let now = self.clock.now().await?;
            let plan = request.decide(&around.observed(object.status(), held.as_ref()), now);
            for key in &plan.deletions {
                self.delete(request, key).await?;
            }
            around.forget(&plan.deletions);
            let written = match plan.next {
                Some(Next::Rotate(rotation::Next::Create(number, _))) => {
                    return self.create(request, number).await;
                }
                Some(Next::Rotate(rotation::Next::Wait(rest))) => return Ok(Action::requeue(rest)),
                Some(Next::Rotate(rotation::Next::Store(number, cause))) => {
                    self.store(object, request, around, (number, cause)).await?
                }
                Some(Next::Rewrite) => self.rewrite(object, request, around).await?,
                None => return self.settle(object, request, plan).await,
            };
            match written {
                Some(secret) => around.wrote(request, &secret)?,
                // Somebody else was faster.
                None => observed = self.observe(request).await?,
            }
        }
        // Retrying at once would be an endless race.
        let message = "another client changes it whenever it is written".to_owned();
        Err(Error::Refused { kind: decide::Kind::Secret, name: request.secret.clone(), message })
    }

    /// Deletes Secrets of earlier names, then writes the status, unless it is written already.
    async fn settle(&self, object: &K, request: &Request, plan: Plan) -> Result<Action, Error> {
        self.held.forget(&request.uid);
        for name in &plan.leftovers {
            self.delete_leftover(request, name).await?;
        }
        self.report(object, &plan.status).await?;
        if let Some(message) = plan.failure {
            self.note(object, "RotationFailed", &message, true).await?;
        }
        Ok(plan.wake.map_or_else(Action::await_change, Action::requeue))
    }

    async fn report(&self, object: &K, status: &ImageSecretStatus) -> Result<(), Error> {
        if object.status() == Some(status) {
            return Ok(());
        }
        let api = (self.api)(self.writer.client().clone(), &object.namespace().unwrap_or_default());
        let patch = json!({"metadata": {"uid": object.uid()}, "status": status});
        match self.writer.patch_status(&api, &object.name_any(), patch).await {
            Err(error) if error.is_not_found() => Ok(()),
            patched => patched.map(drop),
        }
    }

    /// Reports an error that somebody has to act on in the status.
    async fn reported<T>(
        &self,
        object: &K,
        reason: RegistryReason,
        result: Result<T, Error>,
    ) -> Result<T, Error> {
        if let Err(error) = &result
            && matches!(error.reason(), "api" | "refused" | "taken")
        {
            let before = object.status().cloned().unwrap_or_default();
            let message = Causes(error).to_string();
            let Ok(now) = self.clock.now().await else { return result };
            let (status, is_new) =
                secret::failed(before, object.meta().generation, reason, message.clone(), now);
            self.report(object, &status).await?;
            if is_new {
                self.note(object, "RotationFailed", &message, true).await?;
            }
        }
        result
    }

    async fn note(&self, object: &K, reason: &str, note: &str, is_warning: bool) -> Result<(), Error> {
        let note = Note {
            regarding: object.object_ref(&()),
            time: Timestamp::now(),
            action: "RotateCredentials",
            reason,
            note,
            is_warning,
        };
        self.writer.note(&note).await
    }
}
