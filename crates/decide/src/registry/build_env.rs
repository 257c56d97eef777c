//! What an `ImageBuildEnv` becomes: one Secret with the docker configuration of several, and a Redis for caches of builds.

mod merged;
mod model;
mod objects;
mod redis;

use std::fmt;
use std::time::Duration;

use api::Condition;
use api::registry::{RegistryConditionType, RegistryReason, SecretRef};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

pub use model::{BuildEnv, Input, Inputs, Observed};
pub use objects::{foreign, is_stored};

use crate::Kind;
use crate::owner::is_owned;
use crate::plan::Wanted;
use crate::registry::conditions::condition;

/// When to look again for what is missing, although its watch reports it.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// Whether builds can use it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// They can.
    Ready,
    /// They cannot, or only with what was there before.
    NotReady(RegistryReason, String),
}

/// What to do.
#[derive(Clone, PartialEq)]
pub struct Plan {
    /// The objects to create or to change, in order.
    pub apply: Vec<Wanted>,
    /// The objects to delete.
    pub delete: Vec<(Kind, String)>,
    /// What to report.
    pub verdict: Verdict,
    /// The Secrets that are merged: none if nothing is merged this time.
    pub merged: Option<Vec<SecretRef>>,
    /// When to look again, if nothing changes before.
    pub wake: Option<Duration>,
}

/// Without what is written: credentials.
impl fmt::Debug for Plan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let apply: Vec<_> = self.apply.iter().map(|wanted| (wanted.kind, &wanted.name)).collect();
        let Self { apply: _, delete, verdict, merged, wake } = self;
        formatter
            .debug_struct("Plan")
            .field("apply", &apply)
            .field("delete", delete)
            .field("verdict", verdict)
            .field("merged", merged)
            .field("wake", wake)
            .finish()
    }
}

/// What is reported of it; `before` are the conditions that it has.
#[must_use]
pub fn ready(verdict: &Verdict, generation: Option<i64>, before: &[Condition], now: Timestamp) -> Condition {
    let (is_ready, why) = match verdict {
        Verdict::Ready => (true, (RegistryReason::Synced, "The Secret is up to date".to_owned())),
        Verdict::NotReady(reason, message) => (false, (*reason, message.clone())),
    };
    condition(RegistryConditionType::Ready, is_ready, why, generation, before, Time(now))
}

impl BuildEnv {
    /// Decides the next writes. If a Secret cannot be merged, nothing changes: builds go on with the stored Secret.
    #[must_use]
    pub fn decide(&self, observed: &Observed) -> Plan {
        let mut plan =
            Plan { apply: Vec::new(), delete: Vec::new(), verdict: Verdict::Ready, merged: None, wake: None };
        if let Some((kind, name)) = self.taken(observed) {
            return plan.stopped(RegistryReason::NameConflict, format!(
                "{kind} {name} exists and does not belong to this ImageBuildEnv: delete it, or give the ImageBuildEnv another name"
            ));
        }
        let merged = match self.merged(observed) {
            Ok(merged) => merged,
            Err((reason, message)) => return plan.stopped(reason, message),
        };
        let password = redis::password(self, observed);
        let conf = objects::conf(self, observed, &merged, self.redis.then_some(password.as_str()));
        let mut wanted = vec![conf];
        if self.redis {
            wanted.extend(redis::objects(self, &password, &observed.redis_image));
        } else {
            let is_ours = |key: &(Kind, String)| {
                observed.stored.get(key).is_some_and(|stored| is_owned(stored, &self.uid))
            };
            plan.delete = self.names().into_iter().skip(1).filter(is_ours).collect();
        }
        plan.apply = wanted.into_iter().filter(|wanted| !observed.has(wanted)).collect();
        plan.merged = Some(self.secrets.iter().map(|name| SecretRef { secret_name: name.clone() }).collect());
        if self.redis && !redis::is_ready(self, observed) {
            let message = "The Redis does not run yet".to_owned();
            plan.verdict = Verdict::NotReady(RegistryReason::Pending, message);
        }
        plan
    }

    /// An object that has one of the names, and is somebody else's.
    fn taken(&self, observed: &Observed) -> Option<(Kind, String)> {
        let names =
            if self.redis { self.names().to_vec() } else { self.names().into_iter().take(1).collect() };
        names
            .into_iter()
            .find(|key| observed.stored.get(key).is_some_and(|stored| !is_owned(stored, &self.uid)))
    }

    fn merged(&self, observed: &Observed) -> Result<merged::Merged, (RegistryReason, String)> {
        if observed.inputs.is_too_large() {
            let message =
                "The Secrets of spec.secrets hold more than 1 MiB, which no Secret can hold: merge fewer";
            return Err((RegistryReason::InvalidSecret, message.to_owned()));
        }
        let mut all = merged::Merged::default();
        let mut missing = Vec::new();
        for (name, input) in self.secrets.iter().zip(observed.inputs.iter()) {
            match input {
                None => missing.push(name.as_str()),
                Some(input) => all.add(name, input).map_err(|why| (RegistryReason::InvalidSecret, why))?,
            }
        }
        if missing.is_empty() {
            return Ok(all);
        }
        let message = format!(
            "Secret {} does not exist: create it, or remove it from spec.secrets",
            missing.join(", ")
        );
        Err((RegistryReason::MissingSecret, message))
    }
}

impl Observed {
    fn has(&self, wanted: &Wanted) -> bool {
        let stored = self.stored.get(&(wanted.kind, wanted.name.clone()));
        stored.is_some_and(|stored| objects::is_stored(wanted, stored))
    }
}

impl Plan {
    fn stopped(mut self, reason: RegistryReason, message: String) -> Self {
        self.verdict = Verdict::NotReady(reason, message);
        self.wake = Some(LOOK_AGAIN);
        self
    }
}

#[cfg(test)]
mod tests;
