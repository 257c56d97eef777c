//! A plan: a plain value that can be compared and printed.

use std::collections::BTreeMap;
use std::time::Duration;

use api::{Condition, ConditionType};
use serde_json::Value;

use crate::status::Status;
use crate::{Kind, drift};

/// A wanted object.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The whole object.
    pub object: Value,
}

/// A step.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Apply an object that is not in the cache: its name must be free.
    Create(Wanted),
    /// Apply an object.
    Apply(Wanted),
    /// Change the Job that was seen.
    Change {
        /// Its name.
        name: String,
        /// Its UID.
        uid: String,
        /// Its resource version, on which its end depends.
        version: Option<String>,
        /// The change.
        change: JobChange,
    },
    /// Delete an object that the Function controls, by kind and name.
    Delete(Kind, String),
}

/// What has the name of an object.
pub(crate) enum Name {
    /// Nothing, or the object.
    Free,
    /// An object of somebody else.
    Taken,
}

/// Plans to write an object, unless it is stored as wanted, or somebody else has its name.
pub(crate) fn ensure(
    stored: Option<&Value>,
    wanted: Wanted,
    is_ours: impl FnOnce(&Value) -> bool,
    steps: &mut Vec<Step>,
) -> Name {
    match stored {
        None => steps.push(Step::Create(wanted)),
        Some(stored) if !is_ours(stored) => return Name::Taken,
        Some(stored) if drift::is_stored(&wanted.object, stored) => {}
        Some(_) => steps.push(Step::Apply(wanted)),
    }
    Name::Free
}

/// A change of a Job.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum JobChange {
    /// Change labels; `None` removes one.
    Relabel(BTreeMap<String, Option<String>>),
    /// Record the digest of the pushed image.
    Digest(String),
    /// Record why what it built cannot be used.
    Fail(String),
    /// End it, and record why.
    End(String),
}

/// What to do for an object, with the status to write.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan<S> {
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// The status afterwards.
    pub status: S,
    /// When to reconcile again, if nothing changes before.
    pub wake: Option<Duration>,
    /// What to ask the API server for a better plan.
    pub question: Option<Question>,
    /// A build that starts as soon as it gets a slot.
    pub build: Option<BuildRequest>,
}

/// What to ask the API server before everything can be decided.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Question {
    /// What the Pods of a Job that has ended report.
    Report(String),
    /// Whether a Job has a running Pod.
    Start(String),
    /// The progress of the Pods of the Deployment.
    Pods,
}

/// A build that needs a slot. All slots may be taken.
#[derive(Clone, Debug, PartialEq)]
pub struct BuildRequest {
    /// Its Job.
    pub job: Wanted,
    /// The condition once the Job is created.
    pub started: Condition,
    /// The condition while the build waits, without its message.
    pub queued: Condition,
}

impl<S: Status> Plan<S> {
    /// The build has a slot: adds its Job as the last step.
    pub fn start_build(&mut self) {
        if let Some(BuildRequest { job, started, .. }) = self.build.take() {
            self.steps.push(Step::Create(job));
            self.say(started);
        }
    }

    /// The build waits at a place in the queue, from 1.
    pub fn queue_build(&mut self, place: usize) {
        if let Some(BuildRequest { mut queued, .. }) = self.build.take() {
            queued.message = Some(format!("Waiting for a build slot: place {place} in the queue"));
            self.say(queued);
            self.wake = Some(look_again(place));
        }
    }

    fn say(&mut self, condition: Condition) {
        let summary = self.status.condition(ConditionType::Ready).cloned();
        self.status.put(condition);
        self.status.sum_up(summary.as_ref());
    }
}

/// When to update the place in the queue: more often at the front, where people watch it.
fn look_again(place: usize) -> Duration {
    let seconds = u64::try_from(place).unwrap_or(u64::MAX);
    Duration::from_secs(seconds.clamp(10, 300))
}
