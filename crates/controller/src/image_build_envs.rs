//! Reconciles build environments: merges their Secrets into one, and runs their Redis.

mod observe;
mod original;
mod watches;

use std::sync::Arc;

use api::registry::{ImageBuildEnv, RegistryReason};
use cluster::reconcile::{self, Action, Reconciler, Watch};
use cluster::{Error, Failures, Intent, Note, Writer};
use decide::owner::is_owned;
use decide::plan::Wanted;
use decide::registry::build_env::{BuildEnv, Plan, Verdict, foreign, is_stored, ready};
use decide::registry::conditions::is_news;
use jiff::Timestamp;
use kube::runtime::watcher::{Config as WatcherConfig, Event};
use kube::{Api, Resource as _, ResourceExt as _};
use process::causes::Causes;
use serde_json::{Map, Value, json};

use crate::config::Config;
use crate::metrics::Metrics;
use crate::shared::Shared;

/// How many are reconciled at once.
const WORKERS: u16 = 4;

struct BuildEnvs {
    redis_image: String,
    writer: Writer,
    metrics: Arc<Metrics>,
    /// Failures by UID.
    failures: Failures,
}

/// Runs until `end` completes; reconciles that are running then finish.
pub async fn run(shared: &Shared, config: &Config, end: impl Future<Output = ()> + Send + Sync + 'static) {
    let all = Api::<ImageBuildEnv>::all(shared.client.clone());
    let watch = Watch::new(all, WatcherConfig::default(), |object| {
        (object.metadata.managed_fields, object.metadata.annotations, object.metadata.labels) =
            (None, None, None);
    });
    let (_watches, woken) = watches::start(&shared.client, &watch.store());
    let build_envs = Arc::new(BuildEnvs {
        redis_image: config.image_registries.redis_image.clone(),
        writer: shared.writer(),
        metrics: Arc::clone(&shared.metrics),
        failures: Failures::default(),
    });
    reconcile::run(build_envs, watch, woken, WORKERS, end).await;
}

/// An object of a build environment.
struct OfBuildEnv<'a> {
    wanted: &'a Wanted,
    uid: &'a str,
}

impl Intent for OfBuildEnv<'_> {
    fn wanted(&self) -> &Wanted {
        self.wanted
    }

    fn is_ours(&self, stored: &Value) -> bool {
        is_owned(stored, self.uid)
    }

    fn is_done(&self, stored: &Value) -> bool {
        is_stored(self.wanted, stored)
    }

    fn foreign(&self, stored: &Value) -> Map<String, Value> {
        foreign(self.wanted, stored)
    }
}

impl Reconciler for BuildEnvs {
    type Object = ImageBuildEnv;

    async fn ready(&self) {}

    fn seen(&self, event: &Event<ImageBuildEnv>) {
        if let Event::Delete(object) = event {
            self.failures.forget(&object.uid().unwrap_or_default());
        }
    }

    async fn look(&self, object: &ImageBuildEnv) -> Result<Action, Error> {
        original::release(&self.writer, object).await?;
        let Some(build_env) = observe::asked(object) else { return Ok(Action::await_change()) };
        let observed = observe::observe(&self.writer, &build_env, &self.redis_image).await?;
        let plan = build_env.decide(&observed);
        let verdict = match self.apply(&build_env, &plan).await {
            Ok(()) => plan.verdict.clone(),
            Err(error @ (Error::Refused { .. } | Error::Taken { .. })) => {
                let message = error.to_string();
                self.report(object, &plan, &Verdict::NotReady(RegistryReason::FailedSync, message)).await?;
                return Err(error);
            }
            Err(error) => return Err(error),
        };
        self.report(object, &plan, &verdict).await?;
        self.failures.forget(&build_env.uid);
        Ok(plan.wake.map_or_else(Action::await_change, Action::requeue))
    }

    fn failed(&self, object: &ImageBuildEnv, error: &Error) -> Action {
        self.metrics.failed(error.reason());
        let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
        tracing::warn!(namespace, name, error = %Causes(error), "cannot reconcile an ImageBuildEnv");
        self.failures.failed(&object.uid().unwrap_or_default())
    }
}

impl BuildEnvs {
    async fn apply(&self, build_env: &BuildEnv, plan: &Plan) -> Result<(), Error> {
        let BuildEnv { namespace, uid, .. } = build_env;
        for wanted in &plan.apply {
            self.writer.create(&OfBuildEnv { wanted, uid }).await?;
        }
        for (kind, name) in &plan.delete {
            self.writer.delete_if(*kind, namespace, name, |stored| is_owned(stored, uid)).await?;
        }
        Ok(())
    }

    /// Writes the status if it is another one, and an Event if people learn something new.
    async fn report(&self, object: &ImageBuildEnv, plan: &Plan, verdict: &Verdict) -> Result<(), Error> {
        let before = object.status.clone().unwrap_or_default();
        let known = before.conditions.as_deref().unwrap_or_default();
        let now = Timestamp::now();
        let ready = ready(verdict, object.metadata.generation, known, now);
        let mut after = before.clone();
        after.observed_generation = object.metadata.generation;
        after.conditions = Some(vec![ready.clone()]);
        if let Some(merged) = &plan.merged {
            after.secret_refs = Some(merged.clone());
        }
        if after == before {
            return Ok(());
        }
        let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
        let api = Api::<ImageBuildEnv>::namespaced(self.writer.client().clone(), &namespace);
        let patch = json!({"metadata": {"uid": object.uid()}, "status": after});
        self.writer.patch_status(&api, &name, patch).await?;
        if !is_news(&ready, known) {
            return Ok(());
        }
        let note = Note {
            regarding: object.object_ref(&()),
            time: now,
            action: "Merge",
            reason: ready.reason.as_deref().unwrap_or_default(),
            note: ready.message.as_deref().unwrap_or_default(),
            is_warning: ready.status == "False"
                && ready.reason.as_deref() != Some(RegistryReason::Pending.as_str()),
        };
        self.writer.note(&note).await
    }
}
