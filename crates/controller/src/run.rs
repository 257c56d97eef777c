//! The loop: observe → decide → apply → tell → write the status. A reader sees all of it here.

use std::collections::BTreeSet;
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
use process::lease::Term;

use crate::cluster::{Cluster, Error};
use crate::config::Config;
use crate::context::Context;
use crate::decide::{Observed, Plan, Question, Refusal, Report, Start, Step, decide, failed_on};
use crate::difference::{Said, transitions};
use crate::ending;
use crate::git::Lookups;
use crate::guarded::guarded;
use crate::metrics::Metrics;
use crate::names::Identity;
use crate::queue::Key;
use crate::stores::cache::key;
use crate::stores::function::PackedFunction;
use crate::stores::{Stores, Told, Watches};

pub use crate::context::Decide;

/// How often a plan is made anew for what the API server says of its steps: once for each of the objects.
const ATTEMPTS: usize = 6;

/// How long at least a Function waits whose namespace has all the looks that it may have.
const TURN: Duration = Duration::from_millis(50);

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
    run_with(client, config, term, metrics, stop, decide).await;
}

/// As [`run`], with decisions of the caller's: so a test can have one that fails.
pub async fn run_with(
    client: Client,
    config: Config,
    term: Term,
    metrics: Arc<Metrics>,
    stop: impl Future<Output = ()> + Send + Sync + 'static,
    decide: Decide,
) {
    let (gone, functions_gone) = unbounded();
    let (stores, functions, stream) = Stores::new(&client, &config, gone);
    let stores = Arc::new(stores);
    let (wake, woken) = unbounded();
    let (jobs, changed_jobs) = unbounded();
    let told = Told { wake, jobs };
    // They end with this function.
    let _watches = Watches::start(&stores, &client, &told, config.runtimes.keys().cloned().collect());
    let lookups = Lookups::new(
        client.clone(),
        config.git.clone(),
        term.clone(),
        Arc::clone(&metrics),
        told.wake.clone(),
    );
    let workers = config.workers;
    let cluster = Cluster::new(client, term.clone());
    let context =
        Arc::new(Context::new(config, cluster, Arc::clone(&stores), lookups, metrics, told.wake, decide));
    let slots = async {
        // Only then it is known whose Jobs they are.
        let _ = functions.wait_until_ready().await;
        let changes = changed_jobs.for_each(|(job, building)| {
            context.job_changed(&job, building.as_ref());
            ready(())
        });
        changes.await;
    };
    let forgotten = functions_gone.for_each(|key| {
        context.forget(&key);
        ready(())
    });
    let end = term.ended_or(stop).shared();
    let seen = functions.clone();
    // What this loop has written itself is no reason to look again.
    let memory = Arc::clone(&context);
    let stream = stream.try_filter(move |function| ready(!memory.is_echo(function)));
    let looks = Controller::for_stream(stream, functions.clone())
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
    let looks = ending::in_order(looks.boxed(), end, all_seen);
    // The slots first: no Function is looked at before it is known which Jobs build.
    select(pin!(join(slots, forgotten)), pin!(looks)).await;
}

async fn reconcile(packed: Arc<PackedFunction>, context: Arc<Context>) -> Result<Action, Error> {
    let key = key(&*packed);
    if packed.meta().deletion_timestamp.is_some() {
        context.forget(&key);
        return Ok(Action::await_change());
    }
    // One namespace with many Functions does not hold up the others.
    let Some(_turn) = context.turns.try_take(&key.0) else {
        return Ok(Action::requeue(TURN.mul_f64(1.0 + fastrand::f64())));
    };
    let looked = guarded(look(&packed, &key, &context)).await;
    if let Err(Error::Panicked) = looked {
        // What cannot be said is in the log at least.
        let said = guarded(say_failure(&packed, &key, &context)).await;
        said.unwrap_or_else(|error| tracing::warn!(%error, "a failure could not be reported"));
    }
    looked
}

async fn look(packed: &PackedFunction, key: &Key, context: &Context) -> Result<Action, Error> {
    context.stores.ready().await;
    let timer = context.metrics.reconcile();
    let Some(function) = whole(packed, key, context).await? else { return Ok(Action::await_change()) };
    let Some(identity) = Identity::of(&function) else { return Ok(Action::await_change()) };

    let (plan, refused) = advance(&function, &identity, key, context).await?;

    let wake = say(&function, &identity, key, &plan.status, context).await?;
    drop(timer);
    context.measure(key, function.metadata.generation, is_ready(&plan.status));
    if let Some(refused) = refused {
        return Err(refused);
    }
    context.succeeded(key);
    let pauses = [plan.wake, wake, context.lookups.due(key)];
    Ok(pauses.into_iter().flatten().min().map_or_else(Action::await_change, Action::requeue))
}

/// All of a Function. What was written last counts, even if the watch has not shown it yet; one that is too large to be kept
/// is asked for.
async fn whole(
    packed: &PackedFunction,
    key: &Key,
    context: &Context,
) -> Result<Option<Arc<Function>>, Error> {
    let shown = match packed.unpack().map_err(kube::Error::SerdeError)? {
        Some(function) => function,
        None => match context.cluster.get(&key.0, "Function", &key.1).await? {
            Some(object) => serde_json::from_value(object).map_err(kube::Error::SerdeError)?,
            None => return Ok(None),
        },
    };
    Ok(Some(context.latest(key, shown)))
}

/// Says of a Function that this program has failed on it.
async fn say_failure(packed: &PackedFunction, key: &Key, context: &Context) -> Result<(), Error> {
    let Some(function) = whole(packed, key, context).await? else { return Ok(()) };
    let Some(identity) = Identity::of(&function) else { return Ok(()) };
    let status = failed_on(&function, Time(jiff::Timestamp::now()));
    say(&function, &identity, key, &status, context).await.map(drop)
}

/// What the API server has said meanwhile.
#[derive(Default)]
struct Learnt {
    taken: BTreeSet<(String, String)>,
    refused: Option<Refusal>,
    report: Option<Report>,
    start: Option<Start>,
}

/// Observes, decides and applies, until the API server has no say in it any more. The plan that was followed, and the
/// refusal that it tells of.
async fn advance(
    function: &Function,
    identity: &Identity,
    key: &Key,
    context: &Context,
) -> Result<(Plan, Option<Error>), Error> {
    let mut learnt = Learnt::default();
    let mut refused = None;
    let mut attempt = 0;
    loop {
        // 1. Observe.
        let mut observed = observe(function, identity, key, context, &learnt).await?;
        // 2. Decide, as if a slot were free; only who would build takes part in the queue.
        let decide = |observed: &Observed| {
            (context.decide)(&context.config, function, observed, Time(jiff::Timestamp::now()))
        };
        let mut plan = decide(&observed);
        if let Some(question) = plan.question.take() {
            ask(&question, &observed, identity, context, &mut learnt).await?;
            (observed.report, observed.start) = (learnt.report.clone(), learnt.start.clone());
            plan = decide(&observed);
        }
        let job = wanted_job(&plan);
        if let Some(job) = &job {
            observed.builds_ahead = context.ask(key, job);
            if observed.builds_ahead > 0 {
                plan = decide(&observed);
            }
        } else {
            context.leave(key);
        }
        // 3. Apply.
        let mut applied = Ok(());
        for step in &plan.steps {
            applied = context.cluster.take(identity, step, &context.stores).await;
            if applied.is_err() {
                break;
            }
        }
        let Err(error) = applied else { return Ok((plan, refused)) };
        // A slot that was granted is of use to others until there is a Job. Asking again is cheap.
        if let Some(job) = job {
            context.job_changed(&(identity.namespace.clone(), job), None);
        }
        attempt += 1;
        if attempt == ATTEMPTS || !learnt.takes_in(&error) {
            return Err(error);
        }
        // Only of Services a watch tells when the name is free.
        refused = Some(error);
    }
}

impl Learnt {
    /// Whether an error says something to decide on.
    fn takes_in(&mut self, error: &Error) -> bool {
        match error {
            Error::Taken { kind, name } => self.taken.insert((kind.clone(), name.clone())),
            Error::Refused { kind, name, message } => {
                let (kind, name, message) = (kind.clone(), name.clone(), message.clone());
                self.refused = Some(Refusal { kind, name, message });
                true
            }
            _ => false,
        }
    }
}

async fn observe(
    function: &Function,
    identity: &Identity,
    key: &Key,
    context: &Context,
    learnt: &Learnt,
) -> Result<Observed, Error> {
    let runtime = function.spec.runtime.as_deref().unwrap_or_default();
    let (mut observed, large) = context.stores.observe(identity, runtime);
    for kind in large {
        let name = if kind == "Service" { identity.name.clone() } else { identity.child() };
        let stored = context.cluster.get(&identity.namespace, kind, &name).await?;
        observed.put(kind, stored);
    }
    observed.taken.extend(learnt.taken.iter().cloned());
    observed.refused.clone_from(&learnt.refused);
    (observed.report, observed.start) = (learnt.report.clone(), learnt.start.clone());
    observed.git = context.git(function, identity, key);
    Ok(observed)
}

/// Asks for what a decision needs.
async fn ask(
    question: &Question,
    observed: &Observed,
    identity: &Identity,
    context: &Context,
    learnt: &mut Learnt,
) -> Result<(), Error> {
    let (Question::Report(name) | Question::Start(name)) = question;
    let Some(job) = observed.jobs.iter().find(|job| job.name == *name) else { return Ok(()) };
    match question {
        Question::Report(_) => learnt.report = Some(context.cluster.report(&identity.namespace, job).await?),
        Question::Start(_) => learnt.start = Some(context.cluster.start(&identity.namespace, job).await?),
    }
    Ok(())
}

/// Writes the status, if it says anything new, and tells of transitions. What goes on is said when it has lasted for a
/// while, since most of it is overtaken soon: in how long, then.
async fn say(
    function: &Function,
    identity: &Identity,
    key: &Key,
    status: &FunctionStatus,
    context: &Context,
) -> Result<Option<Duration>, Error> {
    let before = function.status.as_ref();
    let left = match Said::between(before, status) {
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
    let written = context.cluster.write_status(identity, before, status).await?;
    context.said(key);
    context.wrote(key, function, written);
    // 5. Tell of transitions.
    for condition in transitions(before.unwrap_or(&FunctionStatus::default()), status) {
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
