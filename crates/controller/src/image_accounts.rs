//! Deletes accounts of registries that have expired, and reports when they expire.

use std::sync::Arc;

use api::names::registry::{GROUP, VERSION};
use api::registry::ImageRegistryAccount;
use cluster::reconcile::{self, Action, Reconciler, Watch};
use cluster::{Clock, Error, Failures, Writer};
use decide::Kind;
use decide::registry::expiry::{self, Expiry};
use futures::FutureExt as _;
use futures::future::{Either, select};
use futures::stream::pending;
use jiff::Timestamp;
use kube::runtime::watcher::{Config as WatcherConfig, Event};
use kube::{Api, ResourceExt as _};
use process::causes::Causes;
use serde_json::{Value, json};

use crate::config::Config;
use crate::metrics::Metrics;
use crate::shared::Shared;

/// The path of these accounts in requests to the API server.
pub(crate) fn clock(client: kube::Client) -> Clock {
    Clock::new(client, &format!("{GROUP}/{VERSION}"), &Kind::ImageRegistryAccount.resource().plural)
}

struct Accounts {
    writer: Writer,
    clock: Clock,
    metrics: Arc<Metrics>,
    /// Failures by the UID of the account.
    failures: Failures,
}

/// Runs until `end` completes; work in progress then finishes. Without the CRD it waits for it.
pub async fn run(shared: &Shared, config: &Config, end: impl Future<Output = ()> + Send + Sync + 'static) {
    let end = end.shared();
    let clock = clock(shared.client.clone());
    if let Either::Right(_) = select(Box::pin(clock.served()), end.clone()).await {
        return;
    }
    let all = Api::<ImageRegistryAccount>::all(shared.client.clone());
    let watch = Watch::new(all, WatcherConfig::default(), |account| {
        account.metadata.managed_fields = None;
        (account.spec.password, account.spec.password_hashes) = (None, None);
    });
    let accounts = Accounts {
        writer: shared.writer(),
        clock,
        metrics: Arc::clone(&shared.metrics),
        failures: Failures::default(),
    };
    reconcile::run(Arc::new(accounts), watch, pending(), config.workers, end).await;
}

impl Reconciler for Accounts {
    type Object = ImageRegistryAccount;

    async fn ready(&self) {}

    fn seen(&self, event: &Event<ImageRegistryAccount>) {
        if let Event::Delete(account) = event {
            self.failures.forget(&account.uid().unwrap_or_default());
        }
    }

    async fn look(&self, account: &ImageRegistryAccount) -> Result<Action, Error> {
        let (namespace, name) = (account.namespace().unwrap_or_default(), account.name_any());
        if account.metadata.deletion_timestamp.is_some() {
            return Ok(Action::await_change());
        }
        let action = match expiry::decide(account, self.clock.now().await?) {
            Expiry::Never => Action::await_change(),
            Expiry::Wait(pause) => Action::requeue(pause),
            Expiry::Report { expires, first_seen } => {
                self.report(&namespace, &name, expires, first_seen).await?;
                Action::await_change()
            }
            Expiry::Delete => {
                let now = self.clock.now().await?;
                let is_meant = |stored: &Value| is_expired(stored, account, now);
                self.writer.delete_if(Kind::ImageRegistryAccount, &namespace, &name, is_meant).await?;
                Action::await_change()
            }
        };
        self.failures.forget(&account.uid().unwrap_or_default());
        Ok(action)
    }

    fn failed(&self, account: &ImageRegistryAccount, error: &Error) -> Action {
        self.metrics.failed(error.reason());
        tracing::warn!(error = %Causes(error), "the expiry of an account could not be handled");
        self.failures.failed(&account.uid().unwrap_or_default())
    }
}

impl Accounts {
    async fn report(
        &self,
        namespace: &str,
        name: &str,
        expires: Timestamp,
        first_seen: Option<Timestamp>,
    ) -> Result<(), Error> {
        let accounts = Api::<ImageRegistryAccount>::namespaced(self.writer.client().clone(), namespace);
        let seconds = |time: Timestamp| Timestamp::from_second(time.as_second()).unwrap_or(time);
        let patch = json!({"status": {"expiresAt": seconds(expires), "firstSeen": first_seen.map(seconds)}});
        match self.writer.patch_status(&accounts, name, patch).await {
            Err(error) if error.is_not_found() => Ok(()),
            patched => patched.map(drop),
        }
    }
}

/// Whether a stored account is the one that was seen, and has expired: its life may have been changed meanwhile.
fn is_expired(stored: &Value, seen: &ImageRegistryAccount, now: Timestamp) -> bool {
    let stored = serde_json::from_value::<ImageRegistryAccount>(stored.clone()).ok();
    stored.is_some_and(|stored| stored.uid() == seen.uid() && expiry::decide(&stored, now) == Expiry::Delete)
}
