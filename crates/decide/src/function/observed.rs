//! What the cluster holds for a Function.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::build_job::{BuildJob, Report, Start};
use super::git::Git;
use super::installed::Installed;
use super::registry::{Registry, RegistryProblem};
use super::runtime::{RuntimeImage, RuntimeProblem};
use crate::Kind;

/// An object of a certain name, as the cluster has it.
#[derive(Clone, Debug, Default)]
pub struct Stored(pub Option<Value>);

/// What the cluster holds.
#[derive(Clone, Debug)]
pub struct Observed {
    /// The runtimes that the base namespace has, beside those of the configuration.
    pub installed: Arc<Installed>,
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
    /// The names of Jobs whose Pod has run and no longer runs. The Job controller says so up to two seconds later.
    pub stopped: BTreeSet<String>,
    /// The Deployment.
    pub deployment: Stored,
    /// The Service.
    pub service: Stored,
    /// The autoscaler.
    pub autoscaler: Stored,
    /// What else there is with the labels of the Function.
    pub leftovers: Vec<Leftover>,
    /// Kinds and names that others have.
    pub taken: BTreeSet<(Kind, String)>,
    /// What the API server has refused, and why.
    pub refused: Option<Refusal>,
    /// What the API server has answered to questions of a plan.
    pub answers: Answers,
}

/// Answers to questions of a plan, each once it was asked.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    /// What the Pods of the Job that has ended say.
    pub report: Option<Report>,
    /// Whether the Job has a Pod that runs.
    pub start: Option<Start>,
    /// How far the Deployment has come with its Pods.
    pub pods: Option<Start>,
}

impl Observed {
    /// The place of an object by its kind; `None` of kinds of which a Function has no single one.
    pub fn stored(&mut self, kind: Kind) -> Option<&mut Stored> {
        match kind {
            Kind::ConfigMap => Some(&mut self.config_map),
            Kind::Deployment => Some(&mut self.deployment),
            Kind::Service => Some(&mut self.service),
            Kind::HorizontalPodAutoscaler => Some(&mut self.autoscaler),
            // No other object is one of a Function.
            _ => None,
        }
    }
}

impl Default for Observed {
    fn default() -> Self {
        Self {
            installed: Arc::default(),
            runtime_image: Err(RuntimeProblem::Missing),
            registry: Err(RegistryProblem::Missing),
            missing_account: None,
            git: Git::default(),
            config_map: Stored::default(),
            jobs: Vec::new(),
            stopped: BTreeSet::new(),
            deployment: Stored::default(),
            service: Stored::default(),
            autoscaler: Stored::default(),
            leftovers: Vec::new(),
            taken: BTreeSet::new(),
            refused: None,
            answers: Answers::default(),
        }
    }
}

/// An object that a Function controls, with a name that it has not by us: the reference implementation lets the API
/// server make up names, and may have left some of them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Leftover {
    /// Its kind.
    pub kind: Kind,
    /// Its name.
    pub name: String,
}

/// An object that the API server does not take.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refusal {
    /// Its kind.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Why, in the words of the API server.
    pub message: String,
}
