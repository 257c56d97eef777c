//! A simulated cluster: steps take effect at once, and Jobs succeed and Deployments become ready on request. It serves
//! plans without a cluster, and tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::JobStatus;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use serde::Deserialize as _;
use serde_json::{Value, json};

use super::{
    BuildJob, Config, End, Function, Leftover, Observed, Plan, Report, Start, Status, Stored, decide,
};
use crate::Kind;
use crate::plan::{JobChange, Question, Step, Wanted};

/// The digest of every image: only a registry knows the real one.
pub const DIGEST: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
/// More passes than any Function needs until it runs.
const PASSES: usize = 20;

/// A Function with its cluster.
#[derive(Clone, Debug)]
pub struct Simulation {
    /// The configuration.
    pub config: Config,
    /// The Function, with its status.
    pub function: Function,
    /// What the cluster holds.
    pub observed: Observed,
    /// The place of its build in the queue; 0 if there is a slot.
    pub place: usize,
    /// The time.
    pub now: Timestamp,
}

impl Simulation {
    /// A Function that has no objects yet.
    #[must_use]
    pub fn new(config: Config, function: Function, observed: Observed) -> Self {
        Self { config, function, observed, place: 0, now: Timestamp::UNIX_EPOCH }
    }

    /// One pass: takes the steps and writes the status.
    pub fn pass(&mut self) -> Plan {
        let mut plan = self.decide();
        if let Some(question) = plan.question.take() {
            let before = self.observed.answers.clone();
            self.answer(&question);
            plan = self.decide();
            self.observed.answers = before;
        }
        match self.place {
            0 => plan.start_build(),
            place => plan.queue_build(place),
        }
        for step in &plan.steps {
            self.take(step);
        }
        self.function.status = plan.status.clone();
        plan
    }

    /// The current decision.
    #[must_use]
    pub fn decide(&self) -> Plan {
        decide(&self.config, &self.function, &self.observed, Time(self.now))
    }

    /// Runs passes until nothing changes any more. Returns the applied objects, in order.
    pub fn run(&mut self) -> Vec<Value> {
        let mut applied = Vec::new();
        for _ in 0..PASSES {
            let before = self.function.status.clone();
            let plan = self.pass();
            self.end_job(true, "");
            self.roll_out();
            applied.extend(plan.steps.iter().filter_map(|step| match step {
                Step::Create(wanted) | Step::Apply(wanted) => Some(wanted.object.clone()),
                Step::Change { .. } | Step::Delete(..) => None,
            }));
            if plan.steps.is_empty() && before == self.function.status {
                break;
            }
        }
        applied
    }

    fn answer(&mut self, question: &Question) {
        let Observed { answers, jobs, .. } = &mut self.observed;
        match question {
            Question::Report(name) => {
                let ended = jobs.iter().find(|job| job.name == *name).and_then(|job| job.end.as_ref());
                let words = ended.is_some_and(|end| end.succeeded).then(|| DIGEST.to_owned());
                answers.report.get_or_insert(Report { words });
            }
            Question::Start(_) => drop(answers.start.get_or_insert(Start::Runs)),
            Question::Pods => drop(answers.pods.get_or_insert(Start::Runs)),
        }
    }

    /// The status of the Function.
    #[must_use]
    pub fn status(&self) -> &Status {
        &self.function.status
    }

    /// Ends the last Job, unless it has ended.
    pub fn end_job(&mut self, succeeded: bool, message: &str) {
        if let Some(job) = self.observed.jobs.last_mut().filter(|job| job.end.is_none()) {
            Arc::make_mut(job).end = Some(End { succeeded, message: message.to_owned(), at: self.now });
        }
    }

    /// Makes the Deployment ready.
    pub fn roll_out(&mut self) {
        self.set_deployment(&json!([
            {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"},
            {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
        ]));
    }

    /// Sets the conditions of the Deployment.
    pub fn set_deployment(&mut self, conditions: &Value) {
        if let Some(deployment) = self.observed.deployment.0.as_mut().and_then(Value::as_object_mut) {
            let status = json!({"observedGeneration": 1, "replicas": 1, "conditions": conditions});
            deployment.insert("status".to_owned(), status);
        }
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Create(wanted) | Step::Apply(wanted) => self.store(wanted),
            Step::Change { name, change, .. } => self.change(name, change),
            Step::Delete(kind, name) => {
                let (kind, observed) = (*kind, &mut self.observed);
                observed.jobs.retain(|job| kind != Kind::Job || job.name != *name);
                observed.leftovers.retain(|known| *known != Leftover { kind, name: name.clone() });
                if let Some(stored) = observed.stored(kind)
                    && is_named(stored, name)
                {
                    stored.0 = None;
                }
            }
        }
    }

    fn store(&mut self, wanted: &Wanted) {
        let mut object = wanted.object.clone();
        let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return };
        if wanted.kind == Kind::Job {
            metadata.insert("creationTimestamp".to_owned(), self.now.to_string().into());
            let metadata = object.get("metadata").and_then(|metadata| ObjectMeta::deserialize(metadata).ok());
            let job = metadata.and_then(|metadata| BuildJob::of(&metadata, false, &JobStatus::default()));
            self.observed.jobs.extend(job.map(Arc::new));
            return;
        }
        // A part of what an API server adds.
        metadata.insert("resourceVersion".to_owned(), "1".into());
        metadata.insert("generation".to_owned(), 1.into());
        if wanted.kind == Kind::Deployment
            && let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut)
        {
            spec.insert("progressDeadlineSeconds".to_owned(), 600.into());
        }
        if let Some(stored) = self.observed.stored(wanted.kind) {
            stored.0 = Some(object);
        }
    }

    fn change(&mut self, name: &str, change: &JobChange) {
        for job in self.observed.jobs.iter_mut().filter(|job| job.name == name).map(Arc::make_mut) {
            match change {
                JobChange::Relabel(labels) => relabel(job.labels.get_or_insert_default(), labels),
                JobChange::Digest(digest) => job.digest = Some(digest.clone()),
                JobChange::Fail(why) | JobChange::End(why) => job.failure = Some(why.clone()),
            }
        }
    }
}

fn relabel(known: &mut BTreeMap<String, String>, labels: &BTreeMap<String, Option<String>>) {
    for (key, value) in labels {
        match value {
            Some(value) => known.insert(key.clone(), value.clone()),
            None => known.remove(key),
        };
    }
}

fn is_named(stored: &Stored, name: &str) -> bool {
    let known = stored.0.as_ref().and_then(|object| object.pointer("/metadata/name"));
    known.and_then(Value::as_str) == Some(name)
}
