//! What is to be done: a plain value that can be compared and printed.

use std::collections::BTreeMap;
use std::time::Duration;

use api::{Condition, ConditionType};
use serde_json::Value;

use crate::Kind;
use crate::status::Status;

/// An object as it is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// All of it.
    pub object: Value,
}

/// A step.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Apply an object that was not seen: its name must be free.
    Create(Wanted),
    /// Apply an object.
    Apply(Wanted),
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
    Delete(Kind, String),
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

/// What is to be done, for an object with a certain status.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan<S> {
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// The status afterwards.
    pub status: S,
    /// When to look again, if nothing changes before.
    pub wake: Option<Duration>,
    /// What has to be asked of the API server for a better plan.
    pub question: Option<Question>,
    /// A build that starts as soon as there is a slot for it.
    pub build: Option<BuildRequest>,
}

/// What has to be asked of the API server before all can be decided.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Question {
    /// What the Pods of a Job that has ended say.
    Report(String),
    /// Whether a Job has a Pod that runs.
    Start(String),
    /// How the Pods of the Deployment get on.
    Pods,
}

/// A build that needs a slot, of which others may have all.
#[derive(Clone, Debug, PartialEq)]
pub struct BuildRequest {
    /// Its Job.
    pub job: Wanted,
    /// What is said once the Job is created.
    pub started: Condition,
    /// What is said as long as it waits, without the words.
    pub queued: Condition,
}

impl<S: Status> Plan<S> {
    /// The build has a slot: its Job is the last step.
    pub fn start_build(&mut self) {
        if let Some(BuildRequest { job, started, .. }) = self.build.take() {
            self.steps.push(Step::Create(job));
            self.say(started);
        }
    }

    /// The build waits for a slot, at a place in the queue, from 1.
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

/// When to update the place in the queue: sooner at the front, where people watch it.
fn look_again(place: usize) -> Duration {
    let seconds = u64::try_from(place).unwrap_or(u64::MAX);
    Duration::from_secs(seconds.clamp(10, 300))
}
