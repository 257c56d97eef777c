//! The reconciler of registries in the cluster: certificates, then the objects of a registry, then its status. Registries are few, so it
//! reads what it needs when it needs it, and keeps nothing.

mod issue;
mod observe;
mod registries;
mod watches;
mod write;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use api::Condition;
use api::registry::{ImageRegistry, ImageRegistryStatus, RegistryReason};
use cluster::reconcile::{self, Action, Reconciler, Watch};
use cluster::{Error, Failures, Note, key};
use decide::Kind;
use decide::registry::conditions::is_news;
use decide::registry::instance::Instance;
use decide::registry::observed::{Observed, Rollout};
use decide::registry::problem::Problem;
use decide::registry::status::status;
use decide::registry::sync::{self, Plan};
use decide::registry::tally;
use futures::channel::mpsc::unbounded;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::runtime::watcher::Config as WatcherConfig;
use kube::{Api, Resource as _};
use process::causes::Causes;
use serde_json::json;

use crate::certificates::Root;
use crate::config::Config;
use crate::metrics::Counted;
use crate::shared::Shared;
use registries::ImageRegistries;

/// How many rounds of certificates lie at most between nothing and Pods.
const MAX_ROUNDS: usize = 4;
/// The longest time until a registry is reconciled again: certificates must not depend on one long sleep.
const LONGEST_WAKE: Duration = Duration::from_hours(12);

/// Runs until `end` completes; a reconcile that is running then finishes. One registry at a time is reconciled.
pub async fn run(shared: &Shared, config: &Config, end: impl Future<Output = ()> + Send + Sync + 'static) {
    let registries = Arc::new(ImageRegistries {
        config: config.image_registries.of_instances(),
        root: Root::new(shared.writer(), &config.namespace, &shared.root_turn),
        namespace: config.namespace.clone(),
        writer: shared.writer(),
        metrics: Arc::clone(&shared.metrics),
        failures: Failures::default(),
    });
    let watch =
        Watch::new(Api::<ImageRegistry>::all(shared.client.clone()), WatcherConfig::default(), |_| {});
    let store = watch.store();
    let _counting = shared.metrics.count(Counted::Registries, move |_| {
        let registries = store.state();
        let is_left = |registry: &&Arc<ImageRegistry>| registry.metadata.deletion_timestamp.is_none();
        tally::registries(registries.iter().filter(is_left).map(|registry| registry.status.as_ref()))
    });
    let (wake, woken) = unbounded();
    // They end with this function.
    let _watches = watches::start(&registries, &shared.client, &watch.store(), &wake);
    reconcile::run(registries, watch, woken, 1, end).await;
}

impl Reconciler for ImageRegistries {
    type Object = ImageRegistry;

    async fn ready(&self) {}

    async fn look(&self, seen: &ImageRegistry) -> Result<Action, Error> {
        let key = key(seen);
        let registries = Api::<ImageRegistry>::namespaced(self.writer.client().clone(), &key.0);
        // The watch may not have shown its last status yet.
        let found = self.writer.fenced(registries.get_opt(&key.1)).await?;
        let found = found.filter(|registry| registry.metadata.deletion_timestamp.is_none());
        let instance = found.as_ref().and_then(|registry| Instance::of(&self.config, registry));
        let (Some(registry), Some(instance)) = (&found, instance) else {
            self.failures.forget(&name(&key));
            return Ok(Action::await_change());
        };

        let outcome = self.bring_forward(&instance).await?;

        let now = Time(Timestamp::now());
        let status = status(&instance, registry, &outcome.problems, outcome.rollout, &now);
        self.report(&registries, registry, &status).await?;
        if outcome.is_retried {
            return Ok(self.failures.failed(&name(&key)));
        }
        self.failures.forget(&name(&key));
        Ok(outcome.wake.map_or_else(Action::await_change, |wake| Action::requeue(wake.min(LONGEST_WAKE))))
    }

    fn failed(&self, registry: &ImageRegistry, error: &Error) -> Action {
        self.metrics.failed(error.reason());
        let key = key(registry);
        tracing::warn!(error = %Causes(error), namespace = key.0, name = key.1, "cannot reconcile an ImageRegistry");
        self.failures.failed(&name(&key))
    }
}

/// What has come of a reconcile.
struct Outcome {
    /// What is wrong, the most important first.
    problems: Vec<Problem>,
    /// How the rollout of the Pods goes, if there are any.
    rollout: Option<Rollout>,
    /// When to reconcile again, if nothing changes before.
    wake: Option<Duration>,
    /// Whether nothing shows when a problem is over: when a name becomes free, or an object would be accepted.
    is_retried: bool,
}

impl ImageRegistries {
    /// Observes, decides and writes. What the API server refuses is a part of the outcome.
    async fn bring_forward(&self, instance: &Instance<'_>) -> Result<Outcome, Error> {
        let (observed, plan) = match self.certify(instance).await {
            Ok(certified) => certified,
            Err(error) => {
                let problems = vec![write::problem(&error).ok_or(error)?];
                return Ok(Outcome { problems, rollout: None, wake: None, is_retried: true });
            }
        };
        let written = self.write(instance, &plan.steps).await?;
        let is_taken = |problem: &Problem| problem.reason == RegistryReason::NameConflict;
        let is_retried = !written.problems.is_empty() || plan.problems.iter().any(is_taken);
        // Without cert-manager, it says more than that a Secret is missing.
        let is_certificate = |problem: &Problem| problem.reason == RegistryReason::CertificateMissing;
        let (mut problems, others): (Vec<_>, Vec<_>) = written.problems.into_iter().partition(is_certificate);
        problems.extend(plan.problems.into_iter().chain(others));
        let pods = observed.stored.get(&(Kind::StatefulSet, instance.name.to_owned()));
        let rollout = written.pods.or_else(|| pods.map(Rollout::of));
        Ok(Outcome { problems, rollout, wake: plan.wake, is_retried })
    }

    /// Makes certificates and keys until none is missing. Returns the plan for the other objects.
    async fn certify(&self, instance: &Instance<'_>) -> Result<(Observed, Plan), Error> {
        let mut rounds = 0;
        loop {
            let now = SystemTime::now();
            let observed = self.observe(instance, now).await?;
            let plan = sync::decide(instance, &observed, now);
            if plan.issues.is_empty() {
                return Ok((observed, plan));
            }
            if rounds == MAX_ROUNDS {
                let error = "the certificates that were made cannot be used: is the clock right?";
                return Err(Error::Unmade(error.to_owned()));
            }
            rounds += 1;
            // The certificate is for the address of the Service.
            for step in &plan.steps {
                self.take(instance, step).await?;
            }
            for issue in plan.issues {
                self.issue(instance, issue, now).await?;
            }
        }
    }

    /// Writes the status, unless the registry has it.
    async fn report(
        &self,
        registries: &Api<ImageRegistry>,
        registry: &ImageRegistry,
        status: &ImageRegistryStatus,
    ) -> Result<(), Error> {
        if registry.status.as_ref() == Some(status) {
            return Ok(());
        }
        let metadata = &registry.metadata;
        // Not to another registry that has the same name by now.
        let patch = json!({"metadata": {"uid": metadata.uid}, "status": status});
        let name = metadata.name.as_deref().unwrap_or_default();
        self.writer.patch_status(registries, name, patch).await?;
        let before = registry.status.as_ref().and_then(|status| status.conditions.as_deref());
        let ready = status.conditions.iter().flatten().find(|condition| condition.kind == "Ready");
        match ready.filter(|ready| is_news(ready, before.unwrap_or_default())) {
            Some(ready) => self.note(registry, ready).await,
            None => Ok(()),
        }
    }

    /// An Event for a new state.
    async fn note(&self, registry: &ImageRegistry, ready: &Condition) -> Result<(), Error> {
        let reason = ready.reason.as_deref().unwrap_or_default();
        let note = Note {
            regarding: registry.object_ref(&()),
            time: Timestamp::now(),
            action: "RunRegistry",
            reason,
            note: ready.message.as_deref().unwrap_or_default(),
            is_warning: ready.status == "False" && reason != RegistryReason::Updating.as_str(),
        };
        self.writer.note(&note).await
    }
}

fn name((namespace, name): &decide::Key) -> String {
    format!("{namespace}/{name}")
}
