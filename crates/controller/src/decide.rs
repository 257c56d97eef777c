//! What is to be done next for a Function. Pure: what is observed goes in, a plan comes out. One plan holds every step that
//! can be taken at once; a Function that is as it should be has a plan without steps, and with the status that it has.

pub(crate) mod build;
mod condition;
mod run;

use api::{Condition, Function, FunctionStatus};
use k8s_openapi::Metadata;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use serde::Serialize;
use serde_json::Value;

use crate::config::Config;
use crate::desired::{self, Inputs, Registry, RuntimeImage};
use crate::difference;
use crate::names::Identity;

pub use condition::{Kind, Reason};

/// An object of a certain name, as the cluster has it.
#[derive(Clone, Debug, Default)]
pub struct Stored(pub Option<Value>);

/// What the cluster holds.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// The ConfigMap of the runtime, if there is just one.
    pub runtime_image: Option<RuntimeImage>,
    /// The registry of the namespace.
    pub registry: Option<Registry>,
    /// The ConfigMap.
    pub config_map: Stored,
    /// All Jobs of the Function.
    pub jobs: Vec<Value>,
    /// The Deployment.
    pub deployment: Stored,
    /// The Service.
    pub service: Stored,
    /// The autoscaler.
    pub autoscaler: Stored,
    /// How many builds are in front of this one; 0 if it may start.
    pub builds_ahead: usize,
}

/// A step.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Apply an object.
    Apply(Value),
    /// Delete an object by kind and name.
    Delete(&'static str, String),
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// The status afterwards.
    pub status: FunctionStatus,
}

/// Decides.
#[must_use]
pub fn decide(config: &Config, function: &Function, observed: &Observed, now: Time) -> Plan {
    let mut next = Next::new(function, now);
    if let Some(identity) = Identity::of(function)
        && let Some((runtime, runtime_image, registry)) =
            prerequisites(config, function, observed, &identity, &mut next)
    {
        let inputs = Inputs { config, function, identity: &identity, runtime, runtime_image, registry };
        advance(&inputs, observed, &mut next);
    }
    next.into_plan()
}

/// What must be there before anything can be made of a Function.
fn prerequisites<'a>(
    config: &'a Config,
    function: &Function,
    observed: &'a Observed,
    identity: &Identity,
    next: &mut Next,
) -> Option<(&'a crate::config::Runtime, &'a RuntimeImage, &'a Registry)> {
    let name = function.spec.runtime.as_deref().unwrap_or_default();
    let namespace = &identity.namespace;
    let Some(runtime) = config.runtimes.get(name) else {
        let known: Vec<_> = config.runtimes.keys().map(String::as_str).collect();
        let message = format!("Runtime {name:?} is not configured; known runtimes: {}", known.join(", "));
        next.set(Kind::ConfigurationReady, "False", Reason::RuntimeMissing, message);
        return None;
    };
    let Some(image) = &observed.runtime_image else {
        let message = format!(
            "Not just one ConfigMap in namespace {namespace} has the labels serverless.kyma-project.io/config=runtime and serverless.kyma-project.io/runtime={name}"
        );
        next.set(Kind::ConfigurationReady, "False", Reason::RuntimeMissing, message);
        return None;
    };
    let Some(registry) = &observed.registry else {
        let message = format!(
            "Neither Secret serverless-registry-config nor serverless-registry-config-default is in namespace {namespace}"
        );
        next.set(Kind::ConfigurationReady, "False", Reason::RegistryConfigMissing, message);
        return None;
    };
    Some((runtime, image, registry))
}

fn advance(inputs: &Inputs<'_>, observed: &Observed, next: &mut Next) {
    let wanted = desired::config_map(inputs);
    let (kind, created) = (Kind::ConfigurationReady, Reason::ConfigMapCreated);
    match next.ensure(inputs, &wanted, &observed.config_map) {
        Ensured::Taken => return,
        Ensured::Created(message) => next.set(kind, "True", created, message),
        Ensured::Updated(message) => next.set(kind, "True", Reason::ConfigMapUpdated, message),
        Ensured::Same => {
            next.set_unless_true(kind, created, format!("ConfigMap {} created", inputs.identity.child()));
        }
    }
    if build::advance(inputs, observed, next) {
        run::advance(inputs, observed, next);
    }
}

/// What was planned for an object, and what to say of it.
enum Ensured {
    Created(String),
    Updated(String),
    Same,
    /// There is one of this name that is not of the Function, which has been said.
    Taken,
}

fn is_owned(object: &Value, uid: &str) -> bool {
    let metadata = object.get("metadata").cloned().unwrap_or_default();
    let metadata: ObjectMeta = serde_json::from_value(metadata).unwrap_or_default();
    metadata
        .owner_references
        .into_iter()
        .flatten()
        .any(|owner| owner.controller == Some(true) && owner.uid == uid)
}

/// The plan as it grows.
struct Next {
    now: Time,
    generation: Option<i64>,
    steps: Vec<Step>,
    /// The conditions as they were, from which it follows what is a transition.
    before: Vec<Condition>,
    status: FunctionStatus,
}

impl Next {
    fn new(function: &Function, now: Time) -> Self {
        let status = function.status.clone().unwrap_or_default();
        let before = status.conditions.clone().unwrap_or_default();
        Self { now, generation: function.metadata.generation, steps: Vec::new(), before, status }
    }

    /// Plans to apply an object unless it is stored as it is wanted.
    fn ensure<K>(&mut self, inputs: &Inputs<'_>, wanted: &K, stored: &Stored) -> Ensured
    where
        K: Metadata<Ty = ObjectMeta> + Serialize,
    {
        let (kind, name) = (K::KIND, wanted.metadata().name.clone().unwrap_or_default());
        let wanted = difference::marked(wanted);
        match &stored.0 {
            None => {
                self.steps.push(Step::Apply(wanted));
                Ensured::Created(format!("{kind} {name} created"))
            }
            Some(stored) if !is_owned(stored, &inputs.identity.uid) => {
                let message = format!(
                    "{kind} {name} exists and does not belong to this Function: delete it, or give the Function another name"
                );
                self.set(Kind::ConfigurationReady, "False", Reason::NameConflict, message);
                Ensured::Taken
            }
            Some(stored) if difference::is_in(&wanted, stored) => Ensured::Same,
            Some(_) => {
                self.steps.push(Step::Apply(wanted));
                Ensured::Updated(format!("{kind} {name} updated"))
            }
        }
    }

    fn apply(&mut self, wanted: &impl Serialize) {
        self.steps.push(Step::Apply(difference::marked(wanted)));
    }

    fn delete(&mut self, kind: &'static str, name: String) {
        self.steps.push(Step::Delete(kind, name));
    }

    fn before(&self, kind: Kind) -> Option<&Condition> {
        self.before.iter().find(|condition| condition.kind == kind.as_str())
    }

    fn set(&mut self, kind: Kind, status: &str, reason: Reason, message: String) {
        let known = self.before(kind);
        let since =
            known.filter(|known| known.status == status).and_then(|known| known.last_transition_time.clone());
        let condition = Condition {
            kind: kind.as_str().to_owned(),
            status: status.to_owned(),
            last_transition_time: Some(since.unwrap_or_else(|| self.now.clone())),
            reason: Some(reason.as_str().to_owned()),
            message: Some(message),
            observed_generation: self.generation,
        };
        let conditions = self.status.conditions.get_or_insert_default();
        conditions.retain(|known| known.kind != condition.kind);
        conditions.push(condition);
        conditions.sort_by_key(|condition| Kind::order(&condition.kind));
    }

    /// As [`Self::set`] to True, but one that is True already keeps its words.
    fn set_unless_true(&mut self, kind: Kind, reason: Reason, message: String) {
        match self.before(kind).cloned() {
            Some(Condition { status, reason: Some(reason), message: Some(message), .. })
                if status == "True" =>
            {
                if let Some(reason) = Reason::parse(&reason) {
                    self.set(kind, "True", reason, message);
                }
            }
            _ => self.set(kind, "True", reason, message),
        }
    }

    fn into_plan(self) -> Plan {
        Plan { steps: self.steps, status: self.status }
    }
}

#[cfg(test)]
mod tests;
