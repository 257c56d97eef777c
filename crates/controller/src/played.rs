//! A cluster that is played: steps are taken at once, Jobs succeed and Deployments get ready when they are told to. For
//! plans without a cluster, and for tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::{Function, FunctionStatus};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::{Value, json};

use crate::config::Config;
use crate::decide::{JobChange, Leftover, Observed, Plan, Question, Report, Start, Step, Stored, decide};
use crate::object::Object;
use crate::stores::kept::{BuildJob, End};

/// The digest of every image: only the registry knows the true one.
pub(crate) const DIGEST: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
/// More passes than any Function needs from nothing to running.
const PASSES: usize = 20;

/// A Function with its cluster.
#[derive(Clone, Debug)]
pub struct Played {
    /// The configuration.
    pub config: Config,
    /// The Function, with its status.
    pub function: Function,
    /// What the cluster holds.
    pub observed: Observed,
    /// The time.
    pub now: Timestamp,
}

impl Played {
    /// A Function of which nothing has been made.
    #[must_use]
    pub fn new(config: Config, function: Function, observed: Observed) -> Self {
        Self { config, function, observed, now: Timestamp::UNIX_EPOCH }
    }

    /// One pass, whose steps are taken and whose status is written.
    pub fn pass(&mut self) -> Plan {
        let decided =
            |played: &Self| decide(&played.config, &played.function, &played.observed, Time(played.now));
        let mut plan = decided(self);
        if let Some(question) = plan.question.take() {
            let known = (self.observed.report.clone(), self.observed.start.clone());
            self.answer(&question);
            plan = decided(self);
            (self.observed.report, self.observed.start) = known;
        }
        for step in &plan.steps {
            self.take(step);
        }
        self.function.status = Some(plan.status.clone());
        plan
    }

    /// Passes until nothing changes any more. What was applied, in order.
    pub fn run(&mut self) -> Vec<Value> {
        let mut applied = Vec::new();
        for _ in 0..PASSES {
            let before = self.function.status.clone();
            let plan = self.pass();
            self.end_job(true, "");
            self.roll_out();
            applied.extend(plan.steps.iter().filter_map(|step| match step {
                Step::Create(object) | Step::Apply(object) => Some(object.clone()),
                Step::Change { .. } | Step::Delete(..) => None,
            }));
            if plan.steps.is_empty() && before == self.function.status {
                break;
            }
        }
        applied
    }

    fn answer(&mut self, question: &Question) {
        let observed = &mut self.observed;
        match question {
            Question::Report(name) => {
                let ended =
                    observed.jobs.iter().find(|job| job.name == *name).and_then(|job| job.end.as_ref());
                let words = ended.is_some_and(|end| end.succeeded).then(|| DIGEST.to_owned());
                observed.report.get_or_insert(Report { words });
            }
            Question::Start(_) => drop(observed.start.get_or_insert(Start::Runs)),
        }
    }

    /// The status of the Function.
    #[must_use]
    pub fn status(&self) -> FunctionStatus {
        self.function.status.clone().unwrap_or_default()
    }

    /// The last Job ends, unless it has.
    pub fn end_job(&mut self, succeeded: bool, message: &str) {
        if let Some(job) = self.observed.jobs.last_mut().filter(|job| job.end.is_none()) {
            Arc::make_mut(job).end = Some(End { succeeded, message: message.to_owned(), at: self.now });
        }
    }

    /// The Deployment gets ready.
    pub fn roll_out(&mut self) {
        if let Some(deployment) = self.observed.deployment.0.as_mut().and_then(Value::as_object_mut) {
            let conditions = json!([
                {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"},
                {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
            ]);
            deployment
                .insert("status".to_owned(), json!({"observedGeneration": 1, "conditions": conditions}));
        }
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Create(object) | Step::Apply(object) => self.store(object.clone()),
            Step::Change { name, change, .. } => self.change(name, change),
            Step::Delete(kind, name) => {
                self.observed.jobs.retain(|job| *kind != "Job" || job.name != *name);
                self.observed.leftovers.retain(|known| *known != Leftover { kind, name: name.clone() });
                if let Some(stored) = self.stored(kind)
                    && is_named(stored, name)
                {
                    stored.0 = None;
                }
            }
        }
    }

    fn store(&mut self, mut object: Value) {
        let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
        if kind == "Job" {
            if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
                metadata.insert("creationTimestamp".to_owned(), self.now.to_string().into());
            }
            let job = Object::of(&object).ok();
            self.observed.jobs.extend(job.as_ref().and_then(BuildJob::of).map(Arc::new));
            return;
        }
        // What an API server adds, a part of it.
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.insert("resourceVersion".to_owned(), "1".into());
            metadata.insert("generation".to_owned(), 1.into());
        }
        if kind == "Deployment"
            && let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut)
        {
            spec.insert("progressDeadlineSeconds".to_owned(), 600.into());
        }
        if let Some(stored) = self.stored(&kind) {
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

    fn stored(&mut self, kind: &str) -> Option<&mut Stored> {
        let observed = &mut self.observed;
        match kind {
            "ConfigMap" => Some(&mut observed.config_map),
            "Deployment" => Some(&mut observed.deployment),
            "Service" => Some(&mut observed.service),
            "HorizontalPodAutoscaler" => Some(&mut observed.autoscaler),
            _ => None,
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
