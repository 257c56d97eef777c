//! What the Pods of a Job say: what their containers have said last, and why there is none that runs. It comes from the
//! namespace of a tenant, so it is cut, and only Pods count that the Job itself controls.

use cluster::{Error, Object, Writer};
use decide::Kind;
use decide::function::{BuildJob, Report, Start};
use k8s_openapi::api::core::v1::{ContainerStatus, Event, PodStatus};
use kube::Resource as _;
use kube::api::{Api, ListParams};
use policy::text::on_one_line;

/// How much of what somebody said goes into a condition, in characters.
const LAST_WORDS: usize = 500;
/// How many Pods and Events are looked at: a Job has one Pod, and the API server tells what is oldest first.
const LOOKED_AT: u32 = 20;
/// What a container waits for while all goes well.
const GOES_ON: [&str; 2] = ["ContainerCreating", "PodInitializing"];

/// What the container said last that decided how a Job ended.
pub(super) async fn report(writer: &Writer, namespace: &str, job: &BuildJob) -> Result<Report, Error> {
    let statuses = pods(writer, namespace, job).await?;
    let ends = statuses.into_iter().flat_map(containers).filter_map(|container| container.state?.terminated);
    let has_succeeded = job.end.as_ref().is_some_and(|end| end.succeeded);
    let Some(end) = ends.filter(|end| (end.exit_code == 0) == has_succeeded).last() else {
        return Ok(Report::default());
    };
    let message = end.message.as_deref().unwrap_or_default().trim();
    let reason = end.reason.as_deref().unwrap_or("Error");
    let words = if message.is_empty() {
        format!("{reason}, exit code {}", end.exit_code)
    } else {
        // The end is what it failed for.
        let skipped = message.chars().count().saturating_sub(LAST_WORDS);
        on_one_line(message.chars().skip(skipped), LAST_WORDS)
    };
    Ok(Report { words: Some(words) })
}

/// How far a Job has come with its Pod.
pub(super) async fn started(writer: &Writer, namespace: &str, job: &BuildJob) -> Result<Start, Error> {
    match pods(writer, namespace, job).await?.pop() {
        Some(status) => Ok(start(status)),
        None => Ok(Start::Hindered(why_no_pod(writer, namespace, job).await?)),
    }
}

/// The Pods that a Job controls, by what they say of themselves.
async fn pods(writer: &Writer, namespace: &str, job: &BuildJob) -> Result<Vec<PodStatus>, Error> {
    let pods = writer.api(Kind::Pod, namespace);
    let of_job =
        ListParams::default().labels(&format!("batch.kubernetes.io/job-name={}", job.name)).limit(LOOKED_AT);
    let pods = writer.fenced(pods.list(&of_job)).await?;
    let is_of_job = |pod: &&Object| {
        let mut owners = pod.meta().owner_references.iter().flatten();
        owners.any(|owner| owner.controller == Some(true) && owner.uid == job.uid)
    };
    Ok(pods.items.iter().filter(is_of_job).filter_map(Object::status).collect())
}

/// What the Job controller says of a Job for which it could create no Pod.
async fn why_no_pod(writer: &Writer, namespace: &str, job: &BuildJob) -> Result<String, Error> {
    let events = Api::<Event>::namespaced(writer.client().clone(), namespace);
    let of_job = format!("involvedObject.uid={},reason=FailedCreate", job.uid);
    let events = writer.fenced(events.list(&ListParams::default().fields(&of_job).limit(LOOKED_AT))).await?;
    let last = events.items.into_iter().filter_map(|event| event.message).next_back();
    let why = last.unwrap_or_else(|| "the Job controller gives no reason".to_owned());
    Ok(format!("no Pod was created: {}", on_one_line(why.chars(), LAST_WORDS)))
}

fn start(status: PodStatus) -> Start {
    if status.phase.as_deref() != Some("Pending") {
        return Start::Runs;
    }
    let mut conditions = status.conditions.iter().flatten();
    let unscheduled =
        conditions.find(|condition| condition.type_ == "PodScheduled" && condition.status == "False");
    if let Some(condition) = unscheduled {
        let why = condition.message.as_deref().unwrap_or_default();
        return Start::Hindered(format!(
            "its Pod cannot be scheduled: {}",
            on_one_line(why.chars(), LAST_WORDS)
        ));
    }
    let found: Vec<_> = containers(status).filter_map(|container| container.state).collect();
    // One that has run, or runs, before those that wait for it.
    if found.iter().any(|state| state.running.is_some() || state.terminated.is_some()) {
        return Start::Runs;
    }
    let waiting = found.into_iter().filter_map(|state| state.waiting);
    let said = waiting.map(|waiting| {
        let reason = waiting.reason.unwrap_or_default();
        let message = on_one_line(waiting.message.unwrap_or_default().chars(), LAST_WORDS);
        let is_normal = GOES_ON.contains(&reason.as_str());
        let separator = if message.is_empty() { "" } else { ": " };
        (is_normal, format!("its Pod does not start: {reason}{separator}{message}"))
    });
    match said.min_by_key(|(is_normal, _)| *is_normal) {
        Some((false, why)) => Start::Hindered(why),
        Some((true, why)) => Start::Waits(why),
        None => Start::Waits("its Pod does not start: no node says why".to_owned()),
    }
}

fn containers(status: PodStatus) -> impl Iterator<Item = ContainerStatus> {
    let init = status.init_container_statuses.into_iter().flatten();
    init.chain(status.container_statuses.into_iter().flatten())
}
