//! The build: at most one Job for what is wanted now, none for what was wanted before.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::Resource as _;
use k8s_openapi::api::batch::v1::Job;
use serde_json::Value;

use super::next::Next;
use super::{Kind, Observed, Reason, Step};
use crate::desired::{self, Inputs};
use crate::difference;
use crate::stores::kept::{BuildJob, End};

/// How long after the first failure a build is tried again when something has changed; twice as long after each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_mins(5);

/// Whether a condition of a Job says how it has ended, and then whether well.
pub(crate) fn end(kind: &str, status: &str) -> Option<bool> {
    match (kind, status) {
        ("Complete" | "SuccessCriteriaMet", "True") => Some(true),
        ("Failed", "True") => Some(false),
        _ => None,
    }
}

/// Whether the image is there.
pub(super) fn advance(inputs: &Inputs<'_>, observed: &Observed, next: &mut Next) -> bool {
    let image = inputs.push_image();
    let current =
        observed.jobs.iter().filter(|job| job.is_owned && job.image == image).max_by_key(|job| job.attempt);
    for job in observed.jobs.iter().filter(|job| job.is_owned) {
        if current.is_none_or(|current| current.name != job.name) {
            next.delete(Job::KIND, job.name.clone());
        }
    }
    let is_relabelled = current.is_some_and(|job| relabel(inputs, job, next));
    let first = || inputs.identity.job(&image, 1);
    // An image that is deployed is there, whatever has become of the Job that built it.
    if is_deployed(inputs, observed) {
        let name = current.map_or_else(first, |job| job.name.clone());
        next.set_unless_true(Kind::BuildReady, Reason::JobFinished, format!("Job {name} finished"));
        return true;
    }
    let Some(job) = current else {
        start(inputs, observed, 1, next);
        return false;
    };
    let name = &job.name;
    match &job.end {
        None if is_relabelled => {
            next.set(Kind::BuildReady, "Unknown", Reason::JobUpdated, format!("Job {name} updated"));
        }
        None => {
            let message = format!("Job {name} is still in progress");
            next.set(Kind::BuildReady, "Unknown", Reason::JobRunning, message);
        }
        Some(end) if end.succeeded => {
            next.set(Kind::BuildReady, "True", Reason::JobFinished, format!("Job {name} finished"));
            return true;
        }
        Some(end) => {
            let pause = pause(inputs, job, end, next);
            if pause == Some(Duration::ZERO) {
                start(inputs, observed, job.attempt + 1, next);
            } else {
                next.wake = next.wake.into_iter().chain(pause).min();
                failed(inputs, name, end, observed, next);
            }
        }
    }
    false
}

fn start(inputs: &Inputs<'_>, observed: &Observed, attempt: u32, next: &mut Next) {
    let job = desired::job(inputs, attempt);
    let name = job.metadata.name.as_deref().unwrap_or_default();
    if observed.builds_ahead > 0 {
        let message = format!("Waiting for a free build slot: {} in front", observed.builds_ahead);
        next.set(Kind::BuildReady, "Unknown", Reason::BuildQueued, message);
        next.wake = Some(look_again(observed.builds_ahead));
    } else if !next.is_hindered(observed, Job::KIND, name) {
        next.steps.push(Step::Create(difference::marked(&job)));
        next.set(Kind::BuildReady, "Unknown", Reason::JobCreated, format!("Job {name} created"));
    }
}

/// When to say anew how many are in front: the sooner the fewer they are, as that is who looks.
fn look_again(ahead: usize) -> Duration {
    let seconds = u64::try_from(ahead).unwrap_or(u64::MAX);
    Duration::from_secs(seconds.clamp(10, 300))
}

/// How long until a failed build is tried again: at once, later or, without a change, never.
fn pause(inputs: &Inputs<'_>, job: &BuildJob, end: &End, next: &Next) -> Option<Duration> {
    let by_change = (job.credentials != inputs.registry.version).then(|| {
        let doubled = 2_u32.saturating_pow(job.attempt.saturating_sub(1));
        FIRST_PAUSE.saturating_mul(doubled).min(LONGEST_PAUSE)
    });
    let pause = by_change.into_iter().chain(inputs.config.build_retry).min()?;
    let passed = Duration::try_from(next.now.0.duration_since(end.at)).unwrap_or_default();
    Some(pause.saturating_sub(passed))
}

/// Says why a build has failed: in the words of its container if they are known, and once they have been said they stay.
fn failed(inputs: &Inputs<'_>, name: &str, end: &End, observed: &Observed, next: &mut Next) {
    let start = format!("Job {name} failed: ");
    let known = next.before(Kind::BuildReady).and_then(|condition| condition.message.clone());
    let message = match (&observed.last_words, known) {
        (Some(words), _) => format!("{start}{words}{}", remedy(words, &inputs.registry.secret)),
        (None, Some(known)) if known.starts_with(&start) => known,
        (None, _) => {
            next.failed_job = Some(name.to_owned());
            format!("{start}{}", end.message)
        }
    };
    next.set(Kind::BuildReady, "False", Reason::JobFailed, message);
}

/// What to do about a registry that refuses credentials; it says so in one of these words.
fn remedy(words: &str, secret: &str) -> String {
    let words = words.to_lowercase();
    let refused =
        ["unauthorized", "authentication required", "denied:", "403 forbidden", "no basic auth credentials"];
    if refused.iter().any(|refusal| words.contains(refusal)) {
        format!(
            " (the registry refuses the credentials of Secret {secret}: correct its username and password)"
        )
    } else {
        String::new()
    }
}

/// Plans other labels for a Job, if it is to have others. The rest of a Job cannot change.
fn relabel(inputs: &Inputs<'_>, job: &BuildJob, next: &mut Next) -> bool {
    let wanted = desired::job_labels(inputs);
    if wanted == job.labels {
        return false;
    }
    let gone = job.labels.keys().filter(|key| !wanted.contains_key(*key));
    let mut labels: BTreeMap<_, _> = gone.map(|key| (key.clone(), None)).collect();
    labels.extend(wanted.into_iter().map(|(key, value)| (key, Some(value))));
    next.steps.push(Step::Relabel(job.name.clone(), labels));
    true
}

fn is_deployed(inputs: &Inputs<'_>, observed: &Observed) -> bool {
    let image = observed.deployment.0.as_ref().and_then(|deployment| {
        deployment.pointer("/spec/template/spec/containers/0/image").and_then(Value::as_str)
    });
    image == Some(inputs.pull_image().as_str())
}
