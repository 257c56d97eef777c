//! The loop: observe → decide → apply → write the status. A reader sees all of it here.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use api::{Function, FunctionStatus};
use futures::StreamExt as _;
use futures::channel::mpsc::{UnboundedSender, unbounded};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::api::{ApiResource, DeleteParams, DynamicObject, GroupVersionKind, Patch, PatchParams};
use kube::runtime::controller::{Action, Config as LoopConfig};
use kube::runtime::reflector::ObjectRef;
use kube::runtime::{Controller, watcher};
use kube::{Api, Client};
use serde_json::{Value, json};

use crate::config::Config;
use crate::decide::{Observed, Plan, Step, Stored, decide};
use crate::names::Identity;
use crate::queue::{Key, Queue};
use crate::stores::Stores;

/// The field manager of everything that the controller writes.
const FIELD_MANAGER: &str = "serverless-controller";
/// How many Functions are looked at at once.
const WORKERS: u16 = 8;
/// How long to wait after an error.
const RETRY: Duration = Duration::from_secs(5);

/// Why a Function cannot be brought forward for now.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The API server refuses, or cannot be reached.
    #[error(transparent)]
    Api(#[from] kube::Error),
    /// An object has no kind or no name.
    #[error("cannot apply an object without {0}")]
    Nameless(&'static str),
}

struct Context {
    client: Client,
    config: Config,
    stores: Stores,
    builds: Mutex<Builds>,
    wake: UnboundedSender<ObjectRef<Function>>,
}

/// Who builds and who waits.
#[derive(Default)]
struct Builds {
    queue: Queue,
    /// Jobs that were granted a slot and that the watch has not shown yet.
    granted: BTreeSet<Key>,
}

/// Runs until a signal ends it.
pub async fn run(client: Client, config: Config) {
    let functions = Api::<Function>::all(client.clone());
    let controller = Controller::new(functions, watcher::Config::default());
    let (changed, jobs) = unbounded();
    let (stores, controller) = Stores::watch(&client, controller, changed);
    let (wake, woken) = unbounded();
    let context = Arc::new(Context { client, config, stores, builds: Mutex::default(), wake });
    let slots = jobs.for_each(|job| {
        context.job_changed(&job);
        std::future::ready(())
    });
    let functions = controller
        .with_config(LoopConfig::default().concurrency(WORKERS))
        .reconcile_on(woken)
        .shutdown_on_signal()
        .run(reconcile, |_, error, _| on_error(error), Arc::clone(&context))
        .for_each(async |result| {
            if let Err(error) = result {
                tracing::debug!(%error, "not reconciled");
            }
        });
    futures::future::select(std::pin::pin!(functions), std::pin::pin!(slots)).await;
}

fn on_error(error: &Error) -> Action {
    tracing::warn!(%error, "a Function could not be brought forward");
    Action::requeue(RETRY)
}

async fn reconcile(function: Arc<Function>, context: Arc<Context>) -> Result<Action, Error> {
    let Some(identity) = Identity::of(&function) else { return Ok(Action::await_change()) };
    let key = (identity.namespace.clone(), identity.name.clone());
    if function.metadata.deletion_timestamp.is_some() || function.spec.is_git() {
        context.builds().queue.leave(&key);
        return Ok(Action::await_change());
    }
    context.stores.ready().await;

    // 1. Observe.
    let runtime = function.spec.runtime.as_deref().unwrap_or_default();
    let mut observed = context.stores.observe(&identity, runtime);
    // 2. Decide, as if a slot were free; only who would build takes part in the queue.
    let now = || Time(jiff::Timestamp::now());
    let mut plan = decide(&context.config, &function, &observed, now());
    if let Some(job) = wanted_job(&plan) {
        observed.builds_ahead = context.ask(&key, &job);
        if observed.builds_ahead > 0 {
            plan = decide(&context.config, &function, &observed, now());
        }
    } else {
        context.builds().queue.leave(&key);
    }
    if applies(&plan, "Service") && observed.service.0.is_none() {
        // The one name that is not derived from the UID, so it may be somebody else's.
        if let Some(plan_of_conflict) =
            context.look_for_service(&function, &identity, &mut observed, now()).await?
        {
            plan = plan_of_conflict;
        }
    }
    // 3. Apply.
    for step in &plan.steps {
        if let Err(error) = context.take(&identity.namespace, step).await {
            // A slot that was granted is of use to others until there is a Job. Asking again is cheap.
            if let Some(job) = wanted_job(&plan) {
                context.job_changed(&(identity.namespace.clone(), job));
            }
            return Err(error);
        }
    }
    // 4. Write the status, if it says anything new.
    if function.status.as_ref() != Some(&plan.status) {
        context.write_status(&identity, &plan.status).await?;
    }
    Ok(Action::await_change())
}

/// The Job that a plan creates.
fn wanted_job(plan: &Plan) -> Option<String> {
    plan.steps.iter().find_map(|step| match step {
        Step::Apply(object) if object.get("kind")? == "Job" => {
            Some(object.pointer("/metadata/name")?.as_str()?.to_owned())
        }
        _ => None,
    })
}

fn applies(plan: &Plan, kind: &str) -> bool {
    plan.steps.iter().any(
        |step| matches!(step, Step::Apply(object) if object.get("kind").is_some_and(|known| known == kind)),
    )
}

impl Context {
    fn builds(&self) -> std::sync::MutexGuard<'_, Builds> {
        self.builds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many slots are free. Functions that are gone wait no longer.
    fn free(&self, builds: &mut Builds) -> usize {
        builds.queue.retain(|key| self.stores.has_function(key));
        self.config.max_builds.saturating_sub(self.stores.building() + builds.granted.len())
    }

    /// How many are in front; 0 if the build may start.
    fn ask(&self, key: &Key, job: &str) -> usize {
        let mut builds = self.builds();
        let granted = (key.0.clone(), job.to_owned());
        if builds.granted.contains(&granted) {
            return 0;
        }
        let free = self.free(&mut builds);
        let ahead = builds.queue.ask(key, free);
        if ahead == 0 {
            builds.granted.insert(granted);
        }
        ahead
    }

    /// The watch has shown a Job, so it counts as such, or no more: wakes those whose turn it is.
    fn job_changed(&self, job: &Key) {
        let mut builds = self.builds();
        builds.granted.remove(job);
        if builds.queue.is_empty() {
            return;
        }
        let free = self.free(&mut builds);
        for (namespace, name) in builds.queue.order().into_iter().take(free) {
            // The loop that listens lives as long as this.
            let _ = self.wake.unbounded_send(ObjectRef::new(&name).within(&namespace));
        }
    }

    /// Looks whether the name of the Service is taken, and decides anew if it is.
    async fn look_for_service(
        &self,
        function: &Function,
        identity: &Identity,
        observed: &mut Observed,
        now: Time,
    ) -> Result<Option<Plan>, Error> {
        let services = self.api("v1", "Service", &identity.namespace);
        let Some(found) = services.get_opt(&identity.name).await? else { return Ok(None) };
        observed.service = Stored(serde_json::to_value(found).ok());
        Ok(Some(decide(&self.config, function, observed, now)))
    }

    async fn take(&self, namespace: &str, step: &Step) -> Result<(), Error> {
        match step {
            Step::Apply(object) => {
                let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
                let kind = text("/kind").ok_or(Error::Nameless("kind"))?;
                let name = text("/metadata/name").ok_or(Error::Nameless("name"))?;
                let api = self.api(text("/apiVersion").unwrap_or_default(), kind, namespace);
                let params = PatchParams::apply(FIELD_MANAGER).force();
                api.patch(name, &params, &Patch::Apply(object)).await?;
                tracing::info!(namespace, kind, name, "applied");
            }
            Step::Delete(kind, name) => {
                let group = if *kind == "Job" { "batch/v1" } else { "autoscaling/v2" };
                match self.api(group, kind, namespace).delete(name, &DeleteParams::background()).await {
                    Err(kube::Error::Api(status)) if status.code == 404 => {}
                    deleted => drop(deleted?),
                }
                tracing::info!(namespace, kind, name, "deleted");
            }
        }
        Ok(())
    }

    async fn write_status(&self, identity: &Identity, status: &FunctionStatus) -> Result<(), Error> {
        let functions = Api::<Function>::namespaced(self.client.clone(), &identity.namespace);
        let patch = Patch::Merge(json!({"status": status}));
        functions.patch_status(&identity.name, &PatchParams::default(), &patch).await?;
        Ok(())
    }

    fn api(&self, api_version: &str, kind: &str, namespace: &str) -> Api<DynamicObject> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        Api::namespaced_with(self.client.clone(), namespace, &resource)
    }
}
