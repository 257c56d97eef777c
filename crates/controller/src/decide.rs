//! What is to be done next for a Function. Pure: what is observed goes in, a plan comes out. One plan holds every step that
//! can be taken at once; a Function that is as it should be has a plan without steps, and with the status that it has.

pub(crate) mod build;
mod condition;
mod next;
mod prerequisites;
mod run;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use api::{Function, FunctionStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::Value;

use crate::config::Config;
use crate::desired::{Inputs, Registry, RuntimeImage};
use crate::names::Identity;
use crate::stores::kept::BuildJob;

pub use condition::{Kind, Reason};
pub use prerequisites::{RegistryProblem, RuntimeProblem};
pub(crate) use prerequisites::{registry, runtime_image};
pub use source::{Answer, Git, Remote};

use next::Next;
pub(crate) use next::is_owned;
use source::Place;

/// An object of a certain name, as the cluster has it.
#[derive(Clone, Debug, Default)]
pub struct Stored(pub Option<Value>);

/// What the cluster holds.
#[derive(Clone, Debug)]
pub struct Observed {
    /// The ConfigMap of the runtime.
    pub runtime_image: Result<RuntimeImage, RuntimeProblem>,
    /// The registry of the namespace.
    pub registry: Result<Registry, RegistryProblem>,
    /// The service account that builds or Functions run as, if there is none of its name.
    pub missing_account: Option<String>,
    /// What is known of the repository of a Function of type `git`.
    pub git: Git,
    /// The ConfigMap.
    pub config_map: Stored,
    /// All Jobs of the Function.
    pub jobs: Vec<Arc<BuildJob>>,
    /// The Deployment.
    pub deployment: Stored,
    /// The Service.
    pub service: Stored,
    /// The autoscaler.
    pub autoscaler: Stored,
    /// What else there is with the labels of the Function.
    pub leftovers: Vec<Leftover>,
    /// Kinds and names that others have.
    pub taken: BTreeSet<(String, String)>,
    /// What the API server has refused, and why.
    pub refused: Option<Refusal>,
    /// How many builds are in front of this one; 0 if it may start.
    pub builds_ahead: usize,
    /// What the Pods of the Job that has ended say, once it was asked for.
    pub report: Option<Report>,
    /// Whether the Job has a Pod that runs, once it was asked for.
    pub start: Option<Start>,
}

impl Observed {
    /// An object as it is stored, by its kind.
    pub(crate) fn put(&mut self, kind: &str, stored: Option<Value>) {
        let place = match kind {
            "ConfigMap" => &mut self.config_map,
            "Deployment" => &mut self.deployment,
            "Service" => &mut self.service,
            "HorizontalPodAutoscaler" => &mut self.autoscaler,
            _ => return,
        };
        place.0 = stored;
    }
}

impl Default for Observed {
    fn default() -> Self {
        Self {
            runtime_image: Err(RuntimeProblem::Missing),
            registry: Err(RegistryProblem::Missing),
            missing_account: None,
            git: Git::default(),
            config_map: Stored::default(),
            jobs: Vec::new(),
            deployment: Stored::default(),
            service: Stored::default(),
            autoscaler: Stored::default(),
            leftovers: Vec::new(),
            taken: BTreeSet::new(),
            refused: None,
            builds_ahead: 0,
            report: None,
            start: None,
        }
    }
}

/// What has to be asked of the API server before all can be decided.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Question {
    /// What the Pods of a Job that has ended say.
    Report(String),
    /// Whether a Job has a Pod that runs.
    Start(String),
}

/// What the Pods of a Job that has ended say.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Report {
    /// The last words of the container that decided it: of a build that went well, the digest of the image.
    pub words: Option<String>,
}

/// How far a Job has come with its Pod.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Start {
    /// It runs, or has run.
    Runs,
    /// A node prepares it, and this is what it waits for.
    Waits(String),
    /// There is none, or none that will run, and this is why.
    Hindered(String),
}

/// An object that a Function controls, with a name that it has not by us: the reference implementation lets the API
/// server make up names, and may have left some of them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Leftover {
    /// Its kind.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
}

/// An object that the API server does not take.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refusal {
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Why, in the words of the API server.
    pub message: String,
}

/// A step.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Apply an object that was not seen: its name must be free.
    Create(Value),
    /// Apply an object.
    Apply(Value),
    /// Change a Job that is still as it was seen.
    Change {
        /// Its name.
        name: String,
        /// Its UID.
        uid: String,
        /// Its version.
        version: Option<String>,
        /// What becomes of it.
        change: JobChange,
    },
    /// Delete an object that the Function controls, by kind and name.
    Delete(&'static str, String),
}

/// What becomes of a Job.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum JobChange {
    /// It gets other labels; `None` takes one away.
    Relabel(BTreeMap<String, Option<String>>),
    /// The digest of the image that it has pushed is noted.
    Digest(String),
    /// Why what it has built cannot be used is noted.
    Fail(String),
    /// It is ended, and why is noted.
    End(String),
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// The status afterwards.
    pub status: FunctionStatus,
    /// When to look again, if nothing changes before.
    pub wake: Option<Duration>,
    /// What has to be asked for a better plan.
    pub question: Option<Question>,
}

/// What is said of a Function that this program has failed on.
#[must_use]
pub fn failed_on(function: &Function, now: Time) -> FunctionStatus {
    let mut next = Next::new(function, now);
    let message = "The controller failed on this Function, and tries again; its log says where".to_owned();
    next.set(Kind::ConfigurationReady, "False", Reason::InternalError, message);
    next.into_plan().status
}

/// Decides.
#[must_use]
pub fn decide(config: &Config, function: &Function, observed: &Observed, now: Time) -> Plan {
    let mut next = Next::new(function, now);
    if let Some(identity) = Identity::of(function)
        && let Some(prerequisites) = prerequisites::check(config, function, observed, &identity, &mut next)
        && let Some(place) = source::place(function, observed, &identity, &mut next)
    {
        let checkout = match place {
            Place::Inline => None,
            Place::Git(checkout) => Some(checkout),
        };
        let inputs = Inputs::new(config, function, &identity, prerequisites, checkout);
        advance(inputs, observed, &mut next);
    }
    next.into_plan()
}

fn advance(mut inputs: Inputs<'_>, observed: &Observed, next: &mut Next) {
    if inputs.checkout.is_none() && !source::inline(&inputs, observed, next) {
        return;
    }
    if let Some(built) = build::advance(&inputs, observed, next) {
        inputs.digest = built.digest;
        run::advance(&inputs, observed, next);
    }
}

#[cfg(test)]
mod tests;
