//! What is to be done next for a Function. One plan holds every step that can be taken at once; a Function that is as it
//! should be has a plan without steps, and with the status that it has.

mod build;
mod build_job;

pub mod config;
mod crash;
mod engine;
mod ensure;
mod failure;
mod git;
mod image;
mod inputs;
mod installed;
mod model;
pub mod names;
mod objects;
mod observed;
pub mod pods;
mod prerequisites;
mod pull;
mod queue;
mod registry;
mod rollout;
mod runtime;
mod serve;
pub mod simulation;
pub mod slots;
mod source;

use api::{ConditionType, Reason};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::draft;

pub use build_job::{BuildJob, End, Report, Start};
pub use config::Config;
pub use engine::Engine;
pub use git::{Answer, Git, Remote};
pub use image::is_digest;
pub use installed::Installed;
pub use model::{Function, Source, Status};
pub use names::Identity;
pub use observed::{Answers, Leftover, Observed, Refusal, Stored};
pub use registry::{Registry, RegistryProblem, RegistrySecret, registry};
pub use runtime::{RuntimeImage, RuntimeMap, RuntimeProblem, runtime_image};

use inputs::Inputs;

/// What is to be done for a Function.
pub type Plan = crate::plan::Plan<Status>;
type Draft = draft::Draft<Status>;

/// Decides.
#[must_use]
pub fn decide(config: &Config, function: &Function, observed: &Observed, now: Time) -> Plan {
    let mut draft = draft_of(function, now);
    if let Some((runtime, image, registry)) = prerequisites::check(config, function, observed, &mut draft)
        && let Some(checkout) = source::place(function, observed, &mut draft)
    {
        advance(Inputs::new(config, function, (&runtime, image, registry), checkout), observed, &mut draft);
    }
    draft.into_plan()
}

fn advance(mut inputs: Inputs<'_>, observed: &Observed, draft: &mut Draft) {
    if inputs.checkout.is_none() && !source::inline(&inputs, observed, draft) {
        return;
    }
    if let Some(built) = build::image(&inputs, observed, draft) {
        inputs.digest = built.digest;
        serve::serve(&inputs, observed, draft);
    }
}

/// What is said of a Function that this program has failed on.
#[must_use]
pub fn failed_on(function: &Function, now: Time) -> Status {
    let mut draft = draft_of(function, now);
    let message = "The controller failed on this Function and retries; its log says where".to_owned();
    draft.set(ConditionType::ConfigurationReady, "False", Reason::InternalError, message);
    draft.into_plan().status
}

fn draft_of(function: &Function, now: Time) -> Draft {
    Draft::new(function.status.clone(), function.metadata.generation, now)
}

#[cfg(test)]
mod tests;
