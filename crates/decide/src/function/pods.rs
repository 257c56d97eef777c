//! What Pods report: their progress, and why one does not run. They are in the namespace of a tenant, so every text is
//! cut.

use k8s_openapi::api::core::v1::{
    ContainerState, ContainerStateTerminated, ContainerStateWaiting, ContainerStatus, PodStatus,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use policy::text::on_one_line;

use super::build_job::Start;
use super::crash;
use super::failure;
use super::names::BUILDER;
use super::pull;

/// How much of a reported text goes into a condition, in characters.
pub const LAST_WORDS: usize = 500;
/// Reasons to wait that are normal.
const NORMAL: [&str; 2] = ["ContainerCreating", "PodInitializing"];
/// Reasons of a container whose image cannot be pulled: at an attempt, and between two of them.
const PULLS: [&str; 2] = ["ErrImagePull", "ImagePullBackOff"];
/// The label by which a Deployment distinguishes the Pods of its templates.
const TEMPLATE: &str = "pod-template-hash";

/// The progress of a build with its Pod.
#[must_use]
pub fn build(status: &PodStatus) -> Start {
    if status.phase.as_deref() != Some("Pending") {
        return Start::Runs;
    }
    start(status).of("its Pod")
}

/// The progress of a Deployment with the Pods of its newest template.
#[must_use]
pub fn serving(pods: &[(&ObjectMeta, PodStatus)]) -> Start {
    let template = |meta: &ObjectMeta| meta.labels.as_ref().and_then(|labels| labels.get(TEMPLATE).cloned());
    let is_over = |status: &PodStatus| matches!(status.phase.as_deref(), Some("Failed" | "Succeeded"));
    let lives =
        |(meta, status): &&(&ObjectMeta, PodStatus)| meta.deletion_timestamp.is_none() && !is_over(status);
    let newest = pods.iter().filter(lives).max_by_key(|(meta, _)| meta.creation_timestamp.clone());
    let Some(newest) = newest.map(|(meta, _)| template(meta)) else {
        return Start::Waits("it has no Pod".to_owned());
    };
    let of_newest = pods.iter().filter(lives).filter(|(meta, _)| template(meta) == newest);
    let mut waits = None;
    for (meta, status) in of_newest {
        let name = meta.name.as_deref().unwrap_or_default();
        match readiness(status).of(&format!("Pod {name}")) {
            fails @ (Start::Hindered(_) | Start::Unpulled(_)) => return fails,
            Start::Waits(why) => drop(waits.get_or_insert(why)),
            Start::Runs => {}
        }
    }
    waits.map_or(Start::Runs, Start::Waits)
}

/// The last output of a container that has ended, or how it ended.
fn last_words(end: &ContainerStateTerminated) -> String {
    let message = end.message.as_deref().unwrap_or_default().trim();
    if message.is_empty() {
        return format!("{}, exit code {}", end.reason.as_deref().unwrap_or("Error"), end.exit_code);
    }
    the_end(message)
}

/// The end of a message, which has the cause of the failure.
fn the_end(message: &str) -> String {
    let skipped = message.chars().count().saturating_sub(LAST_WORDS);
    on_one_line(message.chars().skip(skipped), LAST_WORDS)
}

/// What the Pods of a Job say: the digest of the image, or why the build has failed.
#[must_use]
pub fn report(pods: &[PodStatus], has_succeeded: bool) -> Option<String> {
    // Its containers were killed and do not know why.
    let evicted = pods.iter().find(|status| status.reason.as_deref() == Some("Evicted"));
    if let Some(message) = evicted.and_then(|status| status.message.as_deref()) {
        return Some(on_one_line(message.trim().chars(), LAST_WORDS));
    }
    let ends = pods.iter().flat_map(containers).filter_map(|container| {
        let end = container.state.as_ref()?.terminated.as_ref()?;
        let name = container.name.as_str();
        // Only the builder knows the digest; it may still run.
        let is_asked = if has_succeeded { end.exit_code == 0 && name == BUILDER } else { end.exit_code != 0 };
        is_asked.then_some((name, end))
    });
    let (name, end) = ends.last()?;
    let log = end.message.as_deref().filter(|_| name == BUILDER && !has_succeeded);
    let cause = match end.reason.as_deref() {
        Some(reason @ "OOMKilled") => Some(reason.to_owned()),
        _ => log.and_then(failure::cause),
    };
    Some(cause.map_or_else(|| last_words(end), |cause| on_one_line(cause.chars(), LAST_WORDS)))
}

/// The containers of a Pod, init containers first.
fn containers(status: &PodStatus) -> impl Iterator<Item = &ContainerStatus> {
    let init = status.init_container_statuses.iter().flatten();
    init.chain(status.container_statuses.iter().flatten())
}

/// The progress of a Pod that serves a Function.
fn readiness(status: &PodStatus) -> Start {
    let mut not_ready = status.container_statuses.iter().flatten().filter(|container| !container.ready);
    // A restarted container is as faulty as before until it is ready.
    let ended = |state: &Option<ContainerState>| state.as_ref().and_then(|state| state.terminated.clone());
    if let Some(end) =
        not_ready.find_map(|container| ended(&container.state).or_else(|| ended(&container.last_state)))
    {
        // The kernel killed it: its last output does not say why.
        let why = if end.reason.as_deref() == Some("OOMKilled") {
            format!("OOMKilled, exit code {}", end.exit_code)
        } else {
            let error = end.message.as_deref().and_then(crash::error);
            error.map_or_else(|| last_words(&end), |error| on_one_line(error.chars(), LAST_WORDS))
        };
        return Start::Hindered(format!("crashes: {why}"));
    }
    let is_ready = |kind: &str| {
        let mut conditions = status.conditions.iter().flatten();
        conditions.any(|condition| condition.type_ == kind && condition.status == "True")
    };
    match start(status) {
        Start::Runs if !is_ready("Ready") => Start::Waits("runs, and is not ready".to_owned()),
        start => start,
    }
}

/// The progress of a Pod until it runs.
fn start(status: &PodStatus) -> Start {
    let mut conditions = status.conditions.iter().flatten();
    let unscheduled =
        conditions.find(|condition| condition.type_ == "PodScheduled" && condition.status == "False");
    if let Some(condition) = unscheduled {
        let why = condition.message.as_deref().unwrap_or_default();
        return Start::Hindered(format!("cannot be scheduled: {}", on_one_line(why.chars(), LAST_WORDS)));
    }
    let found = || containers(status).filter_map(|container| container.state.as_ref());
    let waiting = found().filter_map(|state| state.waiting.as_ref()).map(waits);
    let has_started = found().any(|state| state.running.is_some() || state.terminated.is_some());
    match waiting.min_by_key(|start| matches!(start, Start::Waits(_))) {
        Some(fails @ (Start::Hindered(_) | Start::Unpulled(_))) => fails,
        // A container that runs or has run takes precedence over those that wait for it.
        _ if has_started => Start::Runs,
        Some(waits) => waits,
        None => Start::Waits("does not start: no node says why".to_owned()),
    }
}

/// Why a container waits.
fn waits(waiting: &ContainerStateWaiting) -> Start {
    let reason = waiting.reason.as_deref().unwrap_or_default();
    let message = waiting.message.as_deref().unwrap_or_default();
    let separator = if message.is_empty() { "" } else { ": " };
    if PULLS.contains(&reason) {
        return Start::Unpulled(format!("cannot pull an image{separator}{}", the_end(pull::cause(message))));
    }
    let message = on_one_line(message.chars(), LAST_WORDS);
    let why = format!("does not start: {reason}{separator}{message}");
    if NORMAL.contains(&reason) { Start::Waits(why) } else { Start::Hindered(why) }
}

#[cfg(test)]
mod tests;
