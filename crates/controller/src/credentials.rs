//! Verifies the credentials of a registry Secret when they change, and reports the result on the Secret. Nothing waits
//! for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use api::names::{REGISTRY_CHECK, config_label, copy_mark, registry_secret};
use cluster::reconcile::{self, Action, Reconciler, Watch};
use cluster::{Error, Failures, Note, Turns, Writer, or_else};
use decide::Kind;
use futures::FutureExt as _;
use futures::future::join;
use futures::stream::pending;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use kube::api::PartialObjectMeta;
use kube::runtime::watcher::{Config as WatcherConfig, Event};
use kube::{Api, Resource as _, ResourceExt as _};
use process::causes::Causes;
use remote::guard;
use remote::registry::{Account, AccountError, RegistryConfig, Verdict, probe};
use serde_json::json;

use crate::config::Config;
use crate::metrics::Metrics;
use crate::secrets::fingerprint;
use crate::shared::Shared;

/// How many registries are contacted at the same time.
const CONCURRENCY: usize = 4;
/// How many of them for one namespace.
const PER_NAMESPACE: usize = 1;

type AnySecret = PartialObjectMeta<Secret>;

struct Credentials {
    config: RegistryConfig,
    writer: Writer,
    metrics: Arc<Metrics>,
    turns: Turns,
    /// What has been verified, by the UID of the Secret.
    known: Mutex<HashMap<String, Known>>,
    /// Failures by the UID of the Secret.
    failures: Failures,
}

#[derive(Clone)]
struct Known {
    /// The [`fingerprint`] of the data that were verified.
    data: u64,
    /// Whether the registry has answered.
    is_answered: bool,
}

/// Runs until `end` completes. Copies are not verified, because their base Secrets are.
pub async fn run(shared: &Shared, config: &Config, end: impl Future<Output = ()> + Send + Sync + 'static) {
    if !config.registry_check {
        return;
    }
    let labelled = format!("{}={}", registry_secret::LABEL, registry_secret::LABEL_VALUE);
    let elsewhere = format!("{labelled},{}!={}", config_label::KEY, config_label::CREDENTIALS);
    let credentials = Arc::new(Credentials {
        config: config.registries.clone(),
        writer: shared.writer(),
        metrics: Arc::clone(&shared.metrics),
        turns: Turns::new(CONCURRENCY, PER_NAMESPACE),
        known: Mutex::default(),
        failures: Failures::default(),
    });
    let end = end.shared();
    let base = Api::namespaced(shared.client.clone(), &config.propagation.base_namespace);
    let in_base = follow(base, &labelled, Arc::clone(&credentials), end.clone());
    let in_others = follow(Api::all(shared.client.clone()), &elsewhere, credentials, end);
    join(in_base, in_others).await;
}

async fn follow(
    secrets: Api<AnySecret>,
    labels: &str,
    credentials: Arc<Credentials>,
    end: impl Future<Output = ()> + Send + Sync + 'static,
) {
    let watch = Watch::new(secrets, WatcherConfig::default().labels(labels), |secret| {
        let metadata = &mut secret.metadata;
        (metadata.managed_fields, metadata.labels) = (None, None);
        // Other annotations may contain what kubectl applied, including passwords.
        let annotations = metadata.annotations.take().unwrap_or_default().into_iter();
        metadata.annotations = Some(annotations.filter(|(key, _)| key == copy_mark::COPIED_FROM).collect());
    });
    // No limit on the loop: Secrets wait for their turns instead, because the loop would not share its limit between
    // namespaces.
    reconcile::run(credentials, watch, pending(), 0, end).await;
}

impl Reconciler for Credentials {
    type Object = AnySecret;

    async fn ready(&self) {}

    fn seen(&self, event: &Event<AnySecret>) {
        if let Event::Delete(secret) = event {
            let uid = secret.uid().unwrap_or_default();
            self.known().remove(&uid);
            self.failures.forget(&uid);
        }
    }

    async fn look(&self, secret: &AnySecret) -> Result<Action, Error> {
        let is_copy = secret.annotations().contains_key(copy_mark::COPIED_FROM);
        let (Some(namespace), Some(uid)) = (secret.namespace(), secret.uid()) else {
            return Ok(Action::await_change());
        };
        if is_copy || secret.metadata.deletion_timestamp.is_some() {
            return Ok(Action::await_change());
        }
        let turn = self.turns.take(&namespace).await;
        // Boxed, because the future is large and there may be many.
        let name = secret.name_any();
        let check = Box::pin(self.check(&name, &namespace, uid));
        guard::holding(turn, check).await
    }

    fn failed(&self, secret: &AnySecret, error: &Error) -> Action {
        tracing::warn!(error = %Causes(error), "cannot verify a registry Secret");
        self.failures.failed(&secret.uid().unwrap_or_default())
    }
}

impl Credentials {
    async fn check(&self, name: &str, namespace: &str, uid: String) -> Result<Action, Error> {
        let secrets = Api::<Secret>::namespaced(self.writer.client().clone(), namespace);
        let Some(mut secret) = secrets.get_opt(name).await? else {
            return Ok(Action::await_change());
        };
        let data = fingerprint(&secret);
        let account = Account::of(secret.data.take().unwrap_or_default(), &self.config);
        let known = self.known().get(&uid).cloned();
        // After a restart nothing is cached, so all Secrets are verified again; most have not changed.
        let is_changed = known.as_ref().is_some_and(|known| known.data != data);
        if is_changed {
            self.failures.forget(&uid);
        } else if known.is_some_and(|known| known.is_answered) {
            return Ok(Action::await_change());
        }
        let verdict = match account {
            Ok(account) => or_else(probe(&account, &self.config), verdict_of_panic).await,
            // The webhook reports which keys are missing.
            Err(AccountError::Incomplete) => return Ok(Action::await_change()),
            Err(error) => Verdict::NoRegistry(error.to_string()),
        };
        self.metrics.registry_check(verdict.word());
        self.say(namespace, &secret, &verdict, is_changed).await?;
        let is_answered = !matches!(verdict, Verdict::Unreachable(_));
        self.known().insert(uid.clone(), Known { data, is_answered });
        if !is_answered {
            return Ok(self.failures.failed(&uid));
        }
        self.failures.forget(&uid);
        Ok(Action::await_change())
    }

    /// Reports the result, unless it is already reported for these data.
    async fn say(
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
        self.writer.patch(Kind::Secret, namespace, &secret.name_any(), json!({"metadata": metadata})).await?;
        let is_good = matches!(verdict, Verdict::Accepted);
        let note = Note {
            regarding: secret.object_ref(&()),
            time: now,
            action: "RegistryCheck",
            reason: if is_good { "RegistryCheckSucceeded" } else { "RegistryCheckFailed" },
            note: &note(verdict),
            is_warning: !is_good,
        };
        self.writer.note(&note).await
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The message of the Event for a verdict.
fn note(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Accepted => "The registry accepts these credentials".to_owned(),
        Verdict::Refused(why) => format!("The registry refuses these credentials: {why}"),
        Verdict::Unreachable(why) => {
            format!("The registry cannot be reached, so these credentials are not verified: {why}")
        }
        Verdict::NoRegistry(why) => {
            format!("The address is not that of a registry, so these credentials are not verified: {why}")
        }
    }
}

/// The verdict of a check that panicked.
fn verdict_of_panic() -> Verdict {
    Verdict::Unreachable("the controller failed on the check; its log says where".to_owned())
}
