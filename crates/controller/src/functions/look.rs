//! One reconcile of a Function: observe → decide → apply → write the status → report. All of it is visible here.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use cluster::reconcile::{Action, Reconciler};
use cluster::{Error, key};
use decide::function::{Answers, Function, Identity, Observed, Plan, Refusal, failed_on};
use decide::plan::Question;
use decide::{Key, Kind};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::Resource as _;
use kube::runtime::watcher::Event;
use process::causes::Causes;

use super::packed::PackedFunction;
use super::{Functions, pods, steps};

/// How often a plan is repeated because the API server rejected one of its steps: once for each object.
const ATTEMPTS: usize = 6;

/// The shortest wait of a Function whose namespace has no reconcile left.
const TURN: Duration = Duration::from_millis(50);

impl Reconciler for Functions {
    type Object = PackedFunction;

    async fn ready(&self) {
        self.stores.ready().await;
    }

    fn seen(&self, event: &Event<PackedFunction>) {
        self.stores.names.see(event);
        if let Event::Delete(function) = event {
            self.forget(&key(function));
        }
    }

    /// The loop's own writes need no reconcile.
    fn is_echo(&self, function: &PackedFunction) -> bool {
        self.memory.is_echo(function)
    }

    async fn look(&self, packed: &PackedFunction) -> Result<Action, Error> {
        let key = key(packed);
        if packed.meta().deletion_timestamp.is_some() {
            self.forget(&key);
            return Ok(Action::await_change());
        }
        // A namespace with many Functions does not hold up the others.
        let Some(_turn) = self.turns.try_take(&key.0) else {
            return Ok(Action::requeue(TURN.mul_f64(1.0 + fastrand::f64())));
        };
        let timer = self.metrics.reconcile();
        let Some(function) = self.whole(packed, &key).await? else { return Ok(Action::await_change()) };

        let (plan, refused) = self.bring_forward(&function, &key).await?;

        let wake = self.say(&function, &key, &plan.status).await?;
        drop(timer);
        self.measure(&function, &key, &plan.status);
        if let Some(refused) = refused {
            return Err(refused);
        }
        self.memory.succeeded(&key);
        let pauses = [plan.wake, wake, self.lookups.due(&key)];
        Ok(pauses.into_iter().flatten().min().map_or_else(Action::await_change, Action::requeue))
    }

    fn failed(&self, function: &PackedFunction, error: &Error) -> Action {
        self.metrics.failed(error.reason());
        let key = key(function);
        tracing::warn!(error = %Causes(error), namespace = key.0, name = key.1, "cannot reconcile a Function");
        // No slot is reserved for it meanwhile.
        self.builds.leave(&key);
        self.memory.failed(key)
    }

    /// Reports in the status that this program has failed on the Function.
    async fn panicked(&self, packed: &PackedFunction) -> Result<(), Error> {
        let key = key(packed);
        let Some(function) = self.whole(packed, &key).await? else { return Ok(()) };
        self.say(&function, &key, &failed_on(&function, now())).await.map(drop)
    }
}

/// What the API server has answered during this reconcile.
#[derive(Default)]
struct Learnt {
    taken: BTreeSet<(Kind, String)>,
    refused: Option<Refusal>,
    answers: Answers,
}

impl Learnt {
    /// Whether an error is information for the next decision.
    fn takes_in(&mut self, error: &Error) -> bool {
        match error {
            Error::Taken { kind, name } => self.taken.insert((*kind, name.clone())),
            Error::Refused { kind, name, message } => {
                let (name, message) = (name.clone(), message.clone());
                self.refused = Some(Refusal { kind: *kind, name, message });
                true
            }
            Error::Api(_) | Error::Unmade(_) | Error::Deposed | Error::NoTime | Error::Panicked => false,
        }
    }
}

impl Functions {
    /// Drops everything that is cached for a deleted Function.
    fn forget(&self, key: &Key) {
        self.builds.forget(key);
        self.lookups.forget(key);
        self.memory.forget(key);
    }

    /// The whole Function. The last written state is used even if the watch has not shown it yet; a Function that is
    /// too large for the cache is read from the API server.
    async fn whole(&self, packed: &PackedFunction, key: &Key) -> Result<Option<Arc<Function>>, Error> {
        let shown = match packed.unpack().map_err(Error::of_json)? {
            Some(function) => function,
            None => match self.writer.get(Kind::Function, &key.0, &key.1).await? {
                Some(object) => serde_json::from_value(object).map_err(Error::of_json)?,
                None => return Ok(None),
            },
        };
        Ok(Function::of_v1alpha1(shown).map(|shown| self.memory.latest(key, shown)))
    }

    /// Observes, decides and applies, until the API server accepts all steps. Returns the applied plan, and the refusal
    /// that it reports.
    async fn bring_forward(&self, function: &Function, key: &Key) -> Result<(Plan, Option<Error>), Error> {
        let mut learnt = Learnt::default();
        let mut refused = None;
        let mut attempt = 0;
        loop {
            // 1. Observe.
            let mut observed = self.observe(function, &learnt).await?;
            // 2. Decide. If this needs an answer of the API server, it is requested first.
            let mut plan = (self.decide)(&self.config, function, &observed, now());
            if let Some(question) = plan.question.take() {
                self.ask(&question, &function.identity, &observed, &mut learnt.answers).await?;
                observed.answers.clone_from(&learnt.answers);
                plan = (self.decide)(&self.config, function, &observed, now());
            }
            let started = self.take_slot(&mut plan, key);
            // 3. Apply.
            let Err(error) = self.apply(function, &plan).await else { return Ok((plan, refused)) };
            // Others can use the slot until the Job exists. Requesting it again is cheap.
            if let Some(job) = started {
                self.builds.job_changed(&(key.0.clone(), job), None);
            }
            attempt += 1;
            if attempt == ATTEMPTS || !learnt.takes_in(&error) {
                return Err(error);
            }
            // Reported as an error, because a watch shows only for Services when a name becomes free.
            refused = Some(error);
        }
    }

    async fn observe(&self, function: &Function, learnt: &Learnt) -> Result<Observed, Error> {
        let identity = &function.identity;
        let (mut observed, large) = self.stores.observe(identity, &function.runtime);
        for kind in large {
            let name = if kind == Kind::Service { identity.name.clone() } else { identity.child() };
            let object = self.writer.get(kind, &identity.namespace, &name).await?;
            if let Some(stored) = observed.stored(kind) {
                stored.0 = object;
            }
        }
        observed.taken.extend(learnt.taken.iter().cloned());
        observed.refused.clone_from(&learnt.refused);
        observed.answers.clone_from(&learnt.answers);
        observed.git = self.lookups.git(function, &self.stores);
        Ok(observed)
    }

    /// Requests what a decision needs from the API server.
    async fn ask(
        &self,
        question: &Question,
        identity: &Identity,
        observed: &Observed,
        answers: &mut Answers,
    ) -> Result<(), Error> {
        let (writer, namespace) = (&self.writer, &identity.namespace);
        let job = |name: &str| observed.jobs.iter().find(|job| job.name == name);
        match question {
            Question::Report(name) => {
                let Some(job) = job(name) else { return Ok(()) };
                answers.report = Some(pods::report(writer, namespace, job).await?);
            }
            Question::Start(name) => {
                let Some(job) = job(name) else { return Ok(()) };
                answers.start = Some(pods::started(writer, namespace, job).await?);
            }
            Question::Pods => answers.pods = Some(pods::served(writer, identity).await?),
        }
        Ok(())
    }

    /// Requests a slot for the build of a plan. Returns the Job to start, if there is a slot.
    fn take_slot(&self, plan: &mut Plan, key: &Key) -> Option<String> {
        let Some(request) = &plan.build else {
            self.builds.leave(key);
            return None;
        };
        let job = request.job.name.clone();
        match self.builds.ask(key, &job) {
            0 => plan.start_build(),
            place => {
                plan.queue_build(place);
                return None;
            }
        }
        Some(job)
    }

    async fn apply(&self, function: &Function, plan: &Plan) -> Result<(), Error> {
        for step in &plan.steps {
            steps::take(&self.writer, &function.identity, step, &self.stores).await?;
        }
        Ok(())
    }
}

fn now() -> Time {
    Time(jiff::Timestamp::now())
}
