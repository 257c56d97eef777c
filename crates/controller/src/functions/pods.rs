//! Reads the Pods of a Job and of a Deployment, and why a Job has none. Labels prove nothing, so only the Pods that the
//! Job controls are used.

use cluster::{Error, Object, Writer};
use decide::Kind;
use decide::function::pods::{LAST_WORDS, build, serving};
use decide::function::{BuildJob, Identity, Report, Start};
use k8s_openapi::api::core::v1::{Event, PodStatus};
use kube::Resource as _;
use kube::api::{Api, ListParams, ObjectList};
use policy::text::on_one_line;

use super::cached::JOB_NAME;

/// The most Pods and Events that are read: a Job has one Pod, and a Function few.
const MOST: u32 = 20;

/// The last output of the container that decided how a Job ended. A Job that has not ended may have pushed.
pub(super) async fn report(writer: &Writer, namespace: &str, job: &BuildJob) -> Result<Report, Error> {
    let statuses = pods_of_job(writer, namespace, job).await?;
    let has_succeeded = job.end.as_ref().is_none_or(|end| end.succeeded);
    Ok(Report { words: decide::function::pods::report(&statuses, has_succeeded) })
}

/// The progress of a Job with its Pod.
pub(super) async fn started(writer: &Writer, namespace: &str, job: &BuildJob) -> Result<Start, Error> {
    match pods_of_job(writer, namespace, job).await?.pop() {
        Some(status) => Ok(build(&status)),
        None => Ok(Start::Hindered(why_no_pod(writer, namespace, job).await?)),
    }
}

/// The progress of the Deployment of a Function with its Pods. A tenant who forges a Pod deceives nobody else.
pub(super) async fn served(writer: &Writer, identity: &Identity) -> Result<Start, Error> {
    let selector: Vec<_> =
        identity.selector().into_iter().map(|(key, value)| format!("{key}={value}")).collect();
    let pods = list(writer, &identity.namespace, &selector.join(",")).await?;
    let pods: Vec<_> = pods.items.iter().map(|pod| (pod.meta(), pod.status().unwrap_or_default())).collect();
    Ok(serving(&pods))
}

/// The status of the Pods that a Job controls.
async fn pods_of_job(writer: &Writer, namespace: &str, job: &BuildJob) -> Result<Vec<PodStatus>, Error> {
    let pods = list(writer, namespace, &format!("{JOB_NAME}={}", job.name)).await?;
    let is_of_job = |pod: &&Object| {
        let mut owners = pod.meta().owner_references.iter().flatten();
        owners.any(|owner| owner.controller == Some(true) && owner.uid == job.uid)
    };
    Ok(pods.items.iter().filter(is_of_job).filter_map(Object::status).collect())
}

async fn list(writer: &Writer, namespace: &str, selector: &str) -> Result<ObjectList<Object>, Error> {
    let pods = writer.api(Kind::Pod, namespace);
    writer.fenced(pods.list(&ListParams::default().labels(selector).limit(MOST))).await
}

/// The message of the Job controller for a Job whose Pods it could not create.
async fn why_no_pod(writer: &Writer, namespace: &str, job: &BuildJob) -> Result<String, Error> {
    let events = Api::<Event>::namespaced(writer.client().clone(), namespace);
    let of_job = format!("involvedObject.uid={},reason=FailedCreate", job.uid);
    let events = writer.fenced(events.list(&ListParams::default().fields(&of_job).limit(MOST))).await?;
    let last = events.items.into_iter().filter_map(|event| event.message).next_back();
    let why = last.unwrap_or_else(|| "the Job controller gives no reason".to_owned());
    Ok(format!("no Pod was created: {}", on_one_line(why.chars(), LAST_WORDS)))
}
