//! The reconciler of pull-through caches: it proves credentials, makes certificates, writes the objects of a cache, then its
//! status. Caches are few, so it reads what it needs when it needs it; it remembers how upstreams have answered, and nothing
//! else.

mod caches;
mod issue;
mod observe;
mod prove;
mod report;
mod source;
mod used_by;
mod uses;
mod watches;
mod write;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use api::cache::{CacheConditionType, CacheReason, ProvenCredentials, RegistryCache};
use cluster::reconcile::{self, Action, Reconciler, Watch};
use cluster::{Error, Failures};
use decide::Kind;
use decide::cache::collision;
use decide::cache::instance::Instance;
use decide::cache::problem::Problem;
use decide::cache::status::{Outcome, status, stopped};
use decide::cache::sync::{self, Plan};
use decide::cache::tally;
use decide::registry::observed::Rollout;
use futures::channel::mpsc::unbounded;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::runtime::reflector::ObjectRef;
use kube::runtime::watcher::{Config as WatcherConfig, Event};
use kube::{Api, ResourceExt as _};
use policy::registry_caches::Collision;
use process::causes::Causes;

use crate::certificates::Root;
use crate::config::Config;
use crate::shared::Shared;
use caches::RegistryCaches;
use decide::cache::observed::{Observed, RemoteCa};

/// How many rounds of certificates lie at most between nothing and Pods.
const MAX_ROUNDS: usize = 4;
/// How many caches are reconciled at once: one may wait for its upstream.
const CONCURRENCY: u16 = 4;
/// The longest time until a cache is reconciled again: certificates must not depend on one long sleep.
const LONGEST_WAKE: Duration = Duration::from_hours(12);

/// Runs until `end` completes; reconciles that are running then finish.
pub async fn run(shared: &Shared, config: &Config, end: impl Future<Output = ()> + Send + Sync + 'static) {
    let watch =
        Watch::new(Api::<RegistryCache>::all(shared.client.clone()), WatcherConfig::default(), |_| {});
    let (wake, woken) = unbounded();
    let caches = Arc::new(RegistryCaches {
        config: config.caches.of_instances(&config.propagation.base_namespace),
        timeout: config.registries.timeout,
        root: Root::new(shared.writer(), &config.namespace, &shared.root_turn),
        writer: shared.writer(),
        metrics: Arc::clone(&shared.metrics),
        failures: Failures::default(),
        store: watch.store(),
        attempts: Mutex::default(),
        breakers: Mutex::default(),
        began: Instant::now(),
        wake,
        uses: uses::Uses::default(),
    });
    let store = watch.store();
    let _counting = shared.metrics.count_caches(move || {
        let caches = store.state();
        let is_left = |cache: &&Arc<RegistryCache>| cache.metadata.deletion_timestamp.is_none();
        let statuses = || caches.iter().filter(is_left).map(|cache| cache.status.as_ref());
        [CacheConditionType::Ready, CacheConditionType::CredentialsValid, CacheConditionType::Serving]
            .map(|kind| tally::caches(statuses(), kind))
    });
    // They end with this function.
    let _watches = watches::start(&caches, &shared.client, &config.namespace);
    reconcile::run(caches, watch, woken, CONCURRENCY, end).await;
}

impl Reconciler for RegistryCaches {
    type Object = RegistryCache;

    async fn ready(&self) {}

    fn seen(&self, event: &Event<RegistryCache>) {
        let concerned = match event {
            Event::Delete(cache) => {
                self.forget(&cache.uid().unwrap_or_default());
                // One that had the same names may have objects now.
                self.store.state()
            }
            Event::Apply(cache) => collision::concerned(cache, self.store.state()),
            Event::InitDone => {
                self.uses.complete();
                Vec::new()
            }
            Event::Init | Event::InitApply(_) => Vec::new(),
        };
        for other in concerned {
            // Nobody listens when the loop has ended.
            let _ = self.wake.unbounded_send(ObjectRef::from_obj(&*other));
        }
        self.uses.changed();
    }

    async fn look(&self, seen: &RegistryCache) -> Result<Action, Error> {
        let name = seen.name_any();
        let api = Api::<RegistryCache>::all(self.writer.client().clone());
        // The watch may not have shown its last status yet.
        let found = self.writer.fenced(api.get_opt(&name)).await?;
        let found = found.filter(|cache| cache.metadata.deletion_timestamp.is_none());
        let instance = found.as_ref().and_then(|cache| Instance::of(&self.config, cache));
        let (Some(cache), Some(instance)) = (&found, instance) else {
            self.failures.forget(&name);
            return Ok(Action::await_change());
        };

        let done = self.bring_forward(&instance, cache).await?;

        let now = Time(Timestamp::now());
        let status = match done.outcome {
            Ok(outcome) => status(&instance, cache, outcome, &now),
            Err(problem) => stopped(cache, &problem, &now),
        };
        self.report(&api, cache, &status, done.same.as_ref()).await?;
        if done.is_retried {
            return Ok(self.failures.failed(&name));
        }
        self.failures.forget(&name);
        Ok(done.wake.map_or_else(Action::await_change, |wake| Action::requeue(wake.min(LONGEST_WAKE))))
    }

    fn failed(&self, cache: &RegistryCache, error: &Error) -> Action {
        self.metrics.failed(error.reason());
        let name = cache.name_any();
        tracing::warn!(error = %Causes(error), name, "cannot reconcile a RegistryCache");
        self.failures.failed(&name)
    }
}

/// What has come of a reconcile.
struct Done {
    /// The problem that has ended the reconcile before everything was observed, otherwise what was observed.
    outcome: Result<Outcome, Problem>,
    /// Where the credentials in use were from before, if they are the same.
    same: Option<ProvenCredentials>,
    /// When to reconcile again, if nothing changes before.
    wake: Option<Duration>,
    /// Whether nothing shows when a problem is over: when a name becomes free, or an object would be accepted.
    is_retried: bool,
}

impl RegistryCaches {
    /// Observes, decides and writes. What the API server refuses is a part of the outcome.
    async fn bring_forward(&self, instance: &Instance<'_>, cache: &RegistryCache) -> Result<Done, Error> {
        if let Some((other, collision)) = collision::older(cache, &self.store.state()) {
            if let Err(error) = self.give_up(instance, &collision).await {
                return failed(error);
            }
            let problems = vec![Problem::collision(other, &collision)];
            let outcome = Outcome { problems, ..Outcome::default() };
            return Ok(Done { outcome: Ok(outcome), same: None, wake: None, is_retried: true });
        }
        let remote_ca = self.remote_ca(instance).await?;
        let proof = match self.prove(instance, &remote_ca).await {
            Ok(proof) => proof,
            Err(error) => return failed(error),
        };
        let (observed, plan) = match self.certify(instance, remote_ca).await {
            Ok(certified) => certified,
            Err(error) => return failed(error),
        };
        let written = self.write(instance, &plan.steps).await?;
        let is_taken = |problem: &Problem| problem.reason == CacheReason::NameConflict;
        let is_retried = !written.problems.is_empty() || plan.problems.iter().any(is_taken);
        let stored = |kind, name: &str| observed.stored.get(&(kind, name.to_owned()));
        let pods = stored(Kind::StatefulSet, &instance.resource);
        let rollout = written.pods.or_else(|| pods.map(Rollout::of));
        let service = written.service.as_ref().or_else(|| stored(Kind::Service, &instance.service));
        let outcome = Outcome {
            problems: plan.problems.into_iter().chain(written.problems).collect(),
            rollout,
            findings: Some(proof.findings),
            proven: proof.proven,
            endpoint: instance.endpoint(service),
        };
        let wake = plan.wake.into_iter().chain(proof.wake).min();
        Ok(Done { outcome: Ok(outcome), same: proof.same, wake, is_retried })
    }

    /// Deletes the objects whose names an older cache has: it waits for them. The API server may refuse that; it is tried again.
    async fn give_up(&self, instance: &Instance<'_>, collision: &Collision) -> Result<(), Error> {
        let observed = self.observe(instance, RemoteCa::Public, SystemTime::now()).await?;
        for step in sync::given_up(instance, &observed, collision) {
            self.take(instance, &step).await?;
        }
        Ok(())
    }

    /// Makes certificates until none is missing. Returns the plan for the other objects.
    async fn certify(&self, instance: &Instance<'_>, remote_ca: RemoteCa) -> Result<(Observed, Plan), Error> {
        let mut rounds = 0;
        loop {
            let now = SystemTime::now();
            let observed = self.observe(instance, remote_ca.clone(), now).await?;
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
}

/// What is reported of an error; an error that is retried soon stays one.
fn failed(error: Error) -> Result<Done, Error> {
    let problem = write::problem(&error).ok_or(error)?;
    Ok(Done { outcome: Err(problem), same: None, wake: None, is_retried: true })
}
