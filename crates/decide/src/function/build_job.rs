//! A build Job, as decisions see it. It is in the namespace of a tenant, so every text is bounded.

use std::collections::BTreeMap;

use api::names::job_annotation;
use jiff::Timestamp;
use k8s_openapi::api::batch::v1::JobStatus;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::image;
use crate::owner::Owner;

/// The highest attempt number that is believed: each attempt takes seconds at least.
const MAX_ATTEMPT: u32 = 1_000_000;
/// The longest text of an annotation that is cached, in bytes: the name of an image, a reason.
const MAX_TEXT: usize = 2048;
/// The most bytes of labels that are cached.
const MAX_LABELS: usize = 16 * 1024;

/// A Job that builds, or has built, the image of a Function that controls it.
#[derive(Clone, Debug)]
pub struct BuildJob {
    /// Its name.
    pub name: String,
    /// Its UID.
    pub uid: String,
    /// Its resource version.
    pub version: Option<String>,
    /// The Function that controls it.
    pub owner: Owner,
    /// Its labels; `None` if they are larger than those of any Function.
    pub labels: Option<BTreeMap<String, String>>,
    /// The image that it pushes.
    pub image: String,
    /// The number of the attempt to build that image, from 1.
    pub attempt: u32,
    /// The version of the credentials that it uses.
    pub credentials: String,
    /// The digest of the image that it has pushed.
    pub digest: Option<String>,
    /// Why it has failed, if the controller itself has found that out.
    pub failure: Option<String>,
    /// When it was created.
    pub created: Timestamp,
    /// Whether somebody has suspended it: it has no Pod then.
    pub is_suspended: bool,
    /// Whether a Pod of it runs or has run.
    pub has_started: bool,
    /// How it ended.
    pub end: Option<End>,
}

/// How a Job ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct End {
    /// Whether it succeeded.
    pub succeeded: bool,
    /// The message of the Job controller.
    pub message: String,
    /// When.
    pub at: Timestamp,
}

/// What the Pods of a Job report when it has ended.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Report {
    /// The last words of the container that decided the result: for a successful build, the digest of the image.
    pub words: Option<String>,
}

/// The progress of the Pods of a Job or a Deployment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Start {
    /// A Pod runs or has run.
    Runs,
    /// A node prepares a Pod, which waits for this.
    Waits(String),
    /// There is no Pod, or none that will run, for this reason.
    Hindered(String),
    /// A node cannot pull an image, for this reason.
    Unpulled(String),
}

impl Start {
    /// With the name of the Pod before its reason.
    #[must_use]
    pub(super) fn of(self, pod: &str) -> Self {
        match self {
            Self::Runs => Self::Runs,
            Self::Waits(why) => Self::Waits(format!("{pod} {why}")),
            Self::Hindered(why) => Self::Hindered(format!("{pod} {why}")),
            Self::Unpulled(why) => Self::Unpulled(format!("{pod} {why}")),
        }
    }
}

impl BuildJob {
    /// `None` for a Job that no Function controls.
    #[must_use]
    pub fn of(metadata: &ObjectMeta, is_suspended: bool, status: &JobStatus) -> Option<Self> {
        let annotation = |key: &str| {
            let text = metadata.annotations.as_ref()?.get(key)?;
            Some(text.clone()).filter(|text| text.len() <= MAX_TEXT)
        };
        let owner = Owner::of(metadata)?;
        let labels = metadata.labels.clone().unwrap_or_default();
        let size: usize = labels.iter().map(|(key, value)| key.len() + value.len()).sum();
        let is_some = |number: Option<i32>| number.unwrap_or_default() > 0;
        Some(Self {
            name: metadata.name.clone()?,
            uid: metadata.uid.clone().unwrap_or_default(),
            version: metadata.resource_version.clone(),
            owner,
            labels: (size <= MAX_LABELS).then_some(labels),
            image: annotation(job_annotation::IMAGE).unwrap_or_default(),
            attempt: annotation(job_annotation::ATTEMPT)
                .and_then(|text| text.parse().ok())
                .filter(|attempt| *attempt <= MAX_ATTEMPT)
                .unwrap_or(1),
            credentials: annotation(job_annotation::CREDENTIALS).unwrap_or_default(),
            digest: annotation(job_annotation::DIGEST).filter(|digest| image::is_digest(digest)),
            failure: annotation(job_annotation::FAILURE),
            created: metadata.creation_timestamp.as_ref().map_or(Timestamp::UNIX_EPOCH, |time| time.0),
            is_suspended,
            has_started: is_some(status.ready) || is_some(status.succeeded) || is_some(status.failed),
            end: end(status),
        })
    }

    /// Whether it occupies a build slot.
    #[must_use]
    pub fn is_building(&self) -> bool {
        self.end.is_none() && !self.is_suspended
    }

    /// Whether the difference matters to a decision. Most changes that the Job controller makes to a Job do not.
    #[must_use]
    pub fn differs(&self, other: &Self) -> bool {
        let decided_on = |job: &Self| {
            let Self {
                name,
                uid,
                labels,
                image,
                attempt,
                credentials,
                digest,
                failure,
                is_suspended,
                end,
                ..
            } = job.clone();
            (name, uid, labels, image, attempt, credentials, digest, failure, is_suspended, end)
        };
        decided_on(self) != decided_on(other)
    }
}

fn end(status: &JobStatus) -> Option<End> {
    status.conditions.as_ref()?.iter().find_map(|condition| {
        let succeeded = match (condition.type_.as_str(), condition.status.as_str()) {
            ("Complete" | "SuccessCriteriaMet", "True") => true,
            ("Failed", "True") => false,
            _ => return None,
        };
        Some(End {
            succeeded,
            message: condition.message.clone().unwrap_or_default(),
            at: condition.last_transition_time.as_ref().map_or(Timestamp::UNIX_EPOCH, |time| time.0),
        })
    })
}
