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
    /// What the container of the failed build said last.
    pub last_words: Option<String>,
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
            last_words: None,
        }
    }
}

/// An object with the labels of a Function and a name that it has not by us: the reference implementation lets the API
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
    /// Give a Job other labels, by name; `None` takes one away.
    Relabel(String, BTreeMap<String, Option<String>>),
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
    /// When to look again, if nothing changes before.
    pub wake: Option<Duration>,
    /// The Job that has failed, of which the last words are not known yet.
    pub failed_job: Option<String>,
}

/// Decides.
#[must_use]
pub fn decide(config: &Config, function: &Function, observed: &Observed, now: Time) -> Plan {
    let mut next = Next::new(function, now);
    if let Some(identity) = Identity::of(function)
        && let Some((runtime, runtime_image, registry)) =
            prerequisites::check(config, function, observed, &identity, &mut next)
        && let Some(place) = source::place(function, observed, &identity, &mut next)
    {
        let checkout = match place {
            Place::Inline => None,
            Place::Git(checkout) => Some(checkout),
        };
        let inputs =
            Inputs { config, function, identity: &identity, runtime, runtime_image, registry, checkout };
        advance(&inputs, observed, &mut next);
    }
    next.into_plan()
}

fn advance(inputs: &Inputs<'_>, observed: &Observed, next: &mut Next) {
    if inputs.checkout.is_none() && !source::inline(inputs, observed, next) {
        return;
    }
    if build::advance(inputs, observed, next) {
        run::advance(inputs, observed, next);
    }
}

#[cfg(test)]
mod tests;
