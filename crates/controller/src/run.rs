//! The loop: observe → decide → apply → tell → write the status. A reader sees all of it here.

use std::future::ready;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use api::{Function, FunctionStatus};
use futures::channel::mpsc::unbounded;
use futures::future::{join, select};
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::runtime::Controller;
use kube::runtime::controller::{Action, Config as LoopConfig};
use kube::{Client, Resource as _};
use operation::lease::Term;

use crate::cluster::{Cluster, Error};
use crate::config::Config;
use crate::context::Context;
use crate::decide::{Observed, Plan, Step, decide};
use crate::difference::{Said, transitions};
use crate::ending;
use crate::git::Lookups;
use crate::metrics::Metrics;
use crate::names::Identity;
use crate::queue::Key;
use crate::stores::cache::key;
use crate::stores::function::PackedFunction;
use crate::stores::{Stores, Told, Watches};

/// How often a plan is made anew for what the API server says of its steps: once for each of the objects.
const ATTEMPTS: usize = 6;

/// How long something has to go on to be worth saying.
const BEGINNING: Duration = Duration::from_secs(2);
/// How long a further stage has to last.
const STAGE: Duration = Duration::from_secs(5);
/// How long other words for a stage have to be right to be worth saying.
const WORDS: Duration = Duration::from_secs(10);

/// Runs for as long as the term lasts, or until `stop` comes; what is being done then is finished.
pub async fn run(
    client: Client,
    config: Config,
    term: Term,
    metrics: Arc<Metrics>,
    stop: impl Future<Output = ()> + Send + Sync + 'static,
) {
    let (gone, functions_gone) = unbounded();
    let (stores, functions, stream) = Stores::new(&client, &config, gone);
    let stores = Arc::new(stores);
    let (wake, woken) = unbounded();
    let (jobs, changed_jobs) = unbounded();
    let told = Told { wake, jobs };
    // They end with this function.
    let _watches = Watches::start(&stores, &client, &told);
    let lookups = Lookups::new(
        client.clone(),
        config.git.clone(),
        term.clone(),
        Arc::clone(&metrics),
        told.wake.clone(),
    );
    let workers = config.workers;
    let cluster = Cluster::new(client, term.clone());
    let context = Arc::new(Context::new(config, cluster, Arc::clone(&stores), lookups, metrics, told.wake));
    let slots = changed_jobs.for_each(|(job, is_building)| {
        context.job_changed(&job, is_building);
        ready(())
    });
    let forgotten = functions_gone.for_each(|key| {
        context.forget(&key);
        ready(())
    });
    let end = term.ended_or(stop).shared();
    let seen = functions.clone();
    // What this loop has written itself is no reason to look again.
    let memory = Arc::clone(&context);
    let stream = stream.try_filter(move |function| ready(!memory.is_echo(function)));
    let functions = Controller::for_stream(stream, functions)
        .with_config(LoopConfig::default().concurrency(workers))
        .reconcile_on(woken)
        .graceful_shutdown_on(end.clone())
        .run(reconcile, |function, error, context| context.failed(&function, error), Arc::clone(&context))
        .for_each(async |result| {
            if let Err(error) = result {
                tracing::debug!(%error, "not reconciled");
            }
        });
    let all_seen = join(seen.wait_until_ready(), stores.ready());
    let functions = ending::in_order(functions.boxed(), end, all_seen);
    select(pin!(functions), pin!(join(slots, forgotten))).await;
}

async fn reconcile(packed: Arc<PackedFunction>, context: Arc<Context>) -> Result<Action, Error> {
    let key = key(&*packed);
    if packed.meta().deletion_timestamp.is_some() {
        context.forget(&key);
        return Ok(Action::await_change());
    }
    context.stores.ready().await;
    let timer = context.metrics.reconcile();
    // What was written last counts, even if the watch has not shown it yet.
    let function = context.latest(&key, packed.unpack().map_err(kube::Error::SerdeError)?);
    let Some(identity) = Identity::of(&function) else { return Ok(Action::await_change()) };

    let (plan, refused) = advance(&function, &identity, &key, &context).await?;

    let wake = say(&function, &identity, &key, &plan, &context).await?;
    drop(timer);
    context.measure(&key, function.metadata.generation, is_ready(&plan.status));
    if let Some(refused) = refused {
        return Err(refused);
    }
    context.succeeded(&key);
    let pauses = [plan.wake, wake, context.lookups.due(&key)];
    Ok(pauses.into_iter().flatten().min().map_or_else(Action::await_change, Action::requeue))
}

/// Observes, decides and applies, until the API server has no say in it any more. The plan that was followed, and the
/// refusal that it tells of.
async fn advance(
    function: &Function,
    identity: &Identity,
    key: &Key,
    context: &Context,
) -> Result<(Plan, Option<Error>), Error> {
    let mut learnt = Observed::default();
    let mut refused = None;
    let mut attempt = 0;
    loop {
        // 1. Observe.
        let runtime = function.spec.runtime.as_deref().unwrap_or_default();
        let mut observed = context.stores.observe(identity, runtime);
        observed.taken.extend(learnt.taken.iter().cloned());
        observed.refused.clone_from(&learnt.refused);
        observed.last_words.clone_from(&learnt.last_words);
        observed.git = context.git(function, identity, key);
        // 2. Decide, as if a slot were free; only who would build takes part in the queue.
        let now = || Time(jiff::Timestamp::now());
        let mut plan = decide(&context.config, function, &observed, now());
        let job = wanted_job(&plan);
        if let Some(job) = &job {
            observed.builds_ahead = context.ask(key, job);
            if observed.builds_ahead > 0 {
                plan = decide(&context.config, function, &observed, now());
            }
        } else {
            context.leave(key);
        }
        if let Some(failed) = plan.failed_job.take() {
            learnt.last_words = context.cluster.last_words(&identity.namespace, &failed).await?;
            observed.last_words.clone_from(&learnt.last_words);
            plan = decide(&context.config, function, &observed, now());
        }
        // 3. Apply.
        let mut applied = Ok(());
        for step in &plan.steps {
            applied = context.cluster.take(&identity.namespace, step, &context.stores).await;
            if applied.is_err() {
                break;
            }
        }
        let Err(error) = applied else { return Ok((plan, refused)) };
        // A slot that was granted is of use to others until there is a Job. Asking again is cheap.
        if let Some(job) = job {
            context.job_changed(&(identity.namespace.clone(), job), false);
        }
        attempt += 1;
        match error {
            Error::Taken { ref kind, ref name } if attempt < ATTEMPTS => {
                learnt.taken.insert((kind.clone(), name.clone()));
                // Only of Services a watch tells when the name is free.
                refused = Some(error);
            }
            Error::Refused { ref kind, ref name, ref message } if attempt < ATTEMPTS => {
                let (kind, name, message) = (kind.clone(), name.clone(), message.clone());
                learnt.refused = Some(crate::decide::Refusal { kind, name, message });
                refused = Some(error);
            }
            error => return Err(error),
        }
    }
}

/// Writes the status, if it says anything new, and tells of transitions. What goes on is said when it has lasted for a
/// while, since most of it is overtaken soon: in how long, then.
async fn say(
    function: &Function,
    identity: &Identity,
    key: &Key,
    plan: &Plan,
    context: &Context,
) -> Result<Option<Duration>, Error> {
    let before = function.status.as_ref();
    let left = match Said::between(before, &plan.status) {
        Said::Nothing => {
            context.said(key);
            return Ok(None);
        }
        Said::Words => context.unsaid(key, WORDS),
        Said::Stage => context.unsaid(key, STAGE),
        Said::Beginning => context.unsaid(key, BEGINNING),
        Said::Result => Duration::ZERO,
    };
    if !left.is_zero() {
        return Ok(Some(left));
    }
    // 4. Write the status.
    let written = context.cluster.write_status(identity, before, &plan.status).await?;
    context.said(key);
    context.wrote(key, function, written);
    // 5. Tell of transitions.
    for condition in transitions(before.unwrap_or(&FunctionStatus::default()), &plan.status) {
        context.metrics.transition(condition, function);
        context.cluster.tell_condition(function, condition).await?;
    }
    Ok(None)
}

fn is_ready(status: &FunctionStatus) -> bool {
    let conditions = status.conditions.as_deref().unwrap_or_default();
    conditions.len() == 3 && conditions.iter().all(|condition| condition.status == "True")
}

/// The Job that a plan creates.
fn wanted_job(plan: &Plan) -> Option<String> {
    plan.steps.iter().find_map(|step| match step {
        Step::Create(object) if object.get("kind")? == "Job" => {
            Some(object.pointer("/metadata/name")?.as_str()?.to_owned())
        }
        _ => None,
    })
}

/// A reference for the loop.
pub(crate) fn reference(key: &Key) -> kube::runtime::reflector::ObjectRef<PackedFunction> {
    kube::runtime::reflector::ObjectRef::new(&key.1).within(&key.0)
}
