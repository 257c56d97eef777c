//! The build: at most one Job for the image that is wanted now, and none for an earlier one.

use std::collections::BTreeMap;
use std::time::Duration;

use api::{ConditionType, Reason};
use serde_json::Value;

use super::build_job::{BuildJob, End, Report, Start};
use super::ensure::wanted;
use super::failure;
use super::image;
use super::inputs::Inputs;
use super::model::Status;
use super::objects;
use super::observed::Observed;
use super::pull;
use crate::Kind;
use crate::draft::Draft;
use crate::plan::{BuildRequest, JobChange, Question};

/// How long after the first failure a build is retried when something has changed. The pause doubles with each further
/// failure.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_mins(5);

/// How long a Job may be without a running Pod before its Pods are inspected.
const START: Duration = Duration::from_secs(90);
/// How often they are inspected again.
const LOOK_AT_START: Duration = Duration::from_secs(10);
/// How long a scheduled Pod may take to start, for example to pull the image of the builder.
const LONGEST_START: Duration = Duration::from_mins(5);

const NO_DIGEST: &str = "the builder reports no digest of the image: build.executorImage must be an image of the engine in build.engine";

/// An image that is in its registry.
pub(super) struct Built {
    /// The digest that it runs by; `None` for an image that was deployed by its tag before digests were recorded.
    pub(super) digest: Option<String>,
}

/// The image, if it has been built.
pub(super) fn image(inputs: &Inputs<'_>, observed: &Observed, draft: &mut Draft<Status>) -> Option<Built> {
    let image = inputs.push_image();
    let current = observed.jobs.iter().filter(|job| job.image == image).max_by_key(|job| job.attempt);
    for job in &observed.jobs {
        if current.is_none_or(|current| current.name != job.name) {
            draft.delete(Kind::Job, job.name.clone());
        }
    }
    let is_relabelled = current.is_some_and(|job| relabel(inputs, job, draft));
    // A deployed image exists, even if the Job that built it is gone.
    if let Some(deployed) = deployed(inputs, observed) {
        let name = current.map_or_else(|| inputs.identity.job(&image, 1), |job| job.name.clone());
        draft.set_unless_true(ConditionType::BuildReady, Reason::JobFinished, format!("Job {name} finished"));
        let reported = current.and_then(|job| job.digest.clone());
        return Some(Built { digest: reported.or(deployed.digest) });
    }
    let Some(job) = current else {
        start(inputs, observed, 1, draft);
        return None;
    };
    match &job.end {
        None if has_pushed(job, observed) => return finish(job, observed, draft),
        None => wait(inputs, job, is_relabelled, observed, draft),
        Some(end) if end.succeeded && job.failure.is_none() => return finish(job, observed, draft),
        Some(end) => {
            let pause = pause(inputs, job, end, draft);
            if pause == Some(Duration::ZERO) {
                start(inputs, observed, job.attempt.saturating_add(1), draft);
            } else {
                draft.wake = draft.wake.into_iter().chain(pause).min();
                fail(inputs, job, end, observed, draft);
            }
        }
    }
    None
}

/// Whether the Pod of a Job that has not ended has pushed the image, as far as is known: its report is asked for first.
fn has_pushed(job: &BuildJob, observed: &Observed) -> bool {
    let report = observed.answers.report.as_ref();
    let may_have = || report.is_none_or(|report| reported_digest(report).is_some());
    job.failure.is_none() && (job.digest.is_some() || observed.stopped.contains(&job.name) && may_have())
}

fn reported_digest(report: &Report) -> Option<&str> {
    report.words.as_deref().map(str::trim).filter(|words| image::is_digest(words))
}

/// Waits for a Job that has not ended. A Job that gets no Pod would hold its build slot for hours, so it is ended.
fn wait(
    inputs: &Inputs<'_>,
    job: &BuildJob,
    is_relabelled: bool,
    observed: &Observed,
    draft: &mut Draft<Status>,
) {
    let name = &job.name;
    let fail = |why: &str, draft: &mut Draft<Status>| {
        let message = format!("Job {name} failed: {why}");
        draft.set(ConditionType::BuildReady, "False", Reason::JobFailed, message);
    };
    if let Some(why) = &job.failure {
        return fail(why, draft);
    }
    if !job.has_started
        && !job.is_suspended
        && let Some(why) = hindrance(inputs, job, observed, draft)
    {
        fail(&why, draft);
        draft.change(job, JobChange::End(why));
        return;
    }
    let (reason, message) = if is_relabelled {
        (Reason::JobUpdated, format!("Job {name} updated"))
    } else if job.is_suspended {
        (Reason::JobRunning, format!("Job {name} is suspended: resume it, or delete it to build again"))
    } else {
        (Reason::JobRunning, format!("Job {name} is still in progress"))
    };
    draft.set(ConditionType::BuildReady, "Unknown", reason, message);
}

/// Why a Job that has not started will not start any more.
fn hindrance(
    inputs: &Inputs<'_>,
    job: &BuildJob,
    observed: &Observed,
    draft: &mut Draft<Status>,
) -> Option<String> {
    let age = Duration::try_from(draft.now.0.duration_since(job.created)).unwrap_or_default();
    if age < START {
        draft.wake_in(START.saturating_sub(age));
        return None;
    }
    match &observed.answers.start {
        None => draft.question = Some(Question::Start(job.name.clone())),
        Some(Start::Runs) => {}
        Some(Start::Waits(_)) if age < LONGEST_START => draft.wake_in(LOOK_AT_START),
        Some(Start::Waits(why) | Start::Hindered(why)) => return Some(why.clone()),
        Some(Start::Unpulled(why)) => return Some(pull::advised_of_build(why, inputs)),
    }
    None
}

/// Records the digest of the image that a Job has pushed. Without a digest, anybody who moves the tag could change what
/// runs.
fn finish(job: &BuildJob, observed: &Observed, draft: &mut Draft<Status>) -> Option<Built> {
    let name = &job.name;
    let digest = match (&job.digest, &observed.answers.report) {
        (Some(digest), _) => digest.clone(),
        (None, None) => {
            draft.question = Some(Question::Report(name.clone()));
            return None;
        }
        (None, Some(report)) => {
            let Some(digest) = reported_digest(report) else {
                draft.change(job, JobChange::Fail(NO_DIGEST.to_owned()));
                draft.set(
                    ConditionType::BuildReady,
                    "False",
                    Reason::JobFailed,
                    format!("Job {name} failed: {NO_DIGEST}"),
                );
                return None;
            };
            draft.change(job, JobChange::Digest(digest.to_owned()));
            digest.to_owned()
        }
    };
    draft.set(ConditionType::BuildReady, "True", Reason::JobFinished, format!("Job {name} finished"));
    Some(Built { digest: Some(digest) })
}

fn start(inputs: &Inputs<'_>, observed: &Observed, attempt: u32, draft: &mut Draft<Status>) {
    if observed.git.is_withheld && inputs.checkout.is_some() {
        let message = "Waiting until the GitRepository and its Secret are usable";
        draft.set(ConditionType::BuildReady, "Unknown", Reason::BuildQueued, message.to_owned());
        return;
    }
    let job = wanted(Kind::Job, &objects::job(inputs, attempt));
    if draft.is_hindered(observed, Kind::Job, &job.name) {
        return;
    }
    let said = |reason, message| draft.condition(ConditionType::BuildReady, "Unknown", reason, message);
    let started = said(Reason::JobCreated, format!("Job {} created", job.name));
    let queued = said(Reason::BuildQueued, String::new());
    draft.build = Some(BuildRequest { job, started, queued });
}

/// How long until a failed build is retried: at once, later, or never without a change.
fn pause(inputs: &Inputs<'_>, job: &BuildJob, end: &End, draft: &Draft<Status>) -> Option<Duration> {
    let by_change = (job.credentials != inputs.registry.version).then(|| {
        let doubled = 2_u32.saturating_pow(job.attempt.saturating_sub(1));
        FIRST_PAUSE.saturating_mul(doubled).min(LONGEST_PAUSE)
    });
    let pause = by_change.into_iter().chain(inputs.config.build_retry).min()?;
    let passed = Duration::try_from(draft.now.0.duration_since(end.at)).unwrap_or_default();
    Some(pause.saturating_sub(passed))
}

/// Reports why a build has failed, in the words of its container if they are known. Once reported, these words stay.
fn fail(inputs: &Inputs<'_>, job: &BuildJob, end: &End, observed: &Observed, draft: &mut Draft<Status>) {
    let start = format!("Job {} failed: ", job.name);
    let known = draft.before(ConditionType::BuildReady).and_then(|condition| condition.message.clone());
    let words = observed.answers.report.as_ref().and_then(|report| report.words.as_deref());
    let message = match (&job.failure, words, known) {
        (Some(why), ..) => format!("{start}{why}"),
        (None, Some(words), _) => format!("{start}{}", failure::advised(words, inputs)),
        (None, None, Some(known)) if known.starts_with(&start) => known,
        (None, None, _) => {
            if observed.answers.report.is_none() {
                draft.question = Some(Question::Report(job.name.clone()));
            }
            format!("{start}{}", end.message)
        }
    };
    draft.set(ConditionType::BuildReady, "False", Reason::JobFailed, message);
}

/// Plans other labels for a Job, if they differ. The rest of a Job cannot change.
fn relabel(inputs: &Inputs<'_>, job: &BuildJob, draft: &mut Draft<Status>) -> bool {
    let wanted = objects::job_labels(inputs);
    let Some(labels) = job.labels.as_ref().filter(|labels| **labels != wanted) else { return false };
    let gone = labels.keys().filter(|key| !wanted.contains_key(*key));
    let mut labels: BTreeMap<_, _> = gone.map(|key| (key.clone(), None)).collect();
    labels.extend(wanted.into_iter().map(|(key, value)| (key, Some(value))));
    draft.change(job, JobChange::Relabel(labels));
    true
}

/// The image, if the Deployment runs it already.
fn deployed(inputs: &Inputs<'_>, observed: &Observed) -> Option<Built> {
    let deployment = observed.deployment.0.as_ref()?;
    let image = deployment.pointer("/spec/template/spec/containers/0/image").and_then(Value::as_str)?;
    match image.strip_prefix(&inputs.pull_image())? {
        "" => Some(Built { digest: None }),
        rest => {
            let digest = rest.strip_prefix('@').filter(|digest| image::is_digest(digest))?;
            Some(Built { digest: Some(digest.to_owned()) })
        }
    }
}
