//! What is written to the API server. Nothing is, once this process does not lead any more.

pub(crate) mod apply;
mod pods;

use api::names::job_annotation;
use api::{Condition, Function, FunctionStatus};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::api::{ApiResource, DeleteParams, GroupVersionKind, Patch, PatchParams, PostParams, Preconditions};
use kube::{Api, Client, Resource as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::decide::{JobChange, Step, is_owned};
use crate::image::hex;
use crate::names::Identity;
use crate::object::Object;
use crate::stores::Stores;
use apply::OfFunction;

/// The field manager of everything that the controller writes.
const FIELD_MANAGER: &str = "serverless-controller";

/// Why something is not written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The API server cannot be reached, or is not able to.
    #[error(transparent)]
    Api(#[from] kube::Error),
    /// The API server does not take an object, and will not until something changes.
    #[error("{kind} {name} was refused: {message}")]
    Refused {
        /// The kind of the object.
        kind: String,
        /// The name of the object.
        name: String,
        /// Why, in the words of the API server.
        message: String,
    },
    /// The name is that of an object of somebody else.
    #[error("{kind} {name} exists already")]
    Taken {
        /// The kind of the object.
        kind: String,
        /// The name of the object.
        name: String,
    },
    /// Another process leads.
    #[error("this process does not lead any more")]
    Deposed,
    /// This program has failed on an object. The log says where.
    #[error("the controller failed on it: a panic, whose place is in the log")]
    Panicked,
}

impl Error {
    /// The word for metrics.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::Api(kube::Error::Api(status)) if status.is_conflict() => "conflict",
            Self::Api(kube::Error::Api(_)) => "api",
            Self::Api(_) => "connection",
            Self::Refused { .. } => "refused",
            Self::Taken { .. } => "taken",
            Self::Deposed => "deposed",
            Self::Panicked => "panic",
        }
    }
}

/// What an Event tells.
pub(crate) struct News<'a> {
    pub(crate) regarding: ObjectReference,
    pub(crate) time: Timestamp,
    pub(crate) action: &'a str,
    pub(crate) reason: &'a str,
    pub(crate) note: &'a str,
    pub(crate) is_warning: bool,
}

pub(crate) struct Cluster {
    client: Client,
    term: process::lease::Term,
}

impl Cluster {
    pub(crate) fn new(client: Client, term: process::lease::Term) -> Self {
        Self { client, term }
    }

    /// Takes a step for a Function, and lets the stores know of the answer.
    pub(crate) async fn take(&self, identity: &Identity, step: &Step, stores: &Stores) -> Result<(), Error> {
        let namespace = &identity.namespace;
        match step {
            Step::Create(object) => stores.applied(&self.create(&OfFunction(object)).await?),
            Step::Apply(object) => stores.applied(&self.update(&OfFunction(object)).await?),
            Step::Change { name, uid, version, change } => {
                let patch = patch_of(change, uid, version.as_deref());
                stores.applied(&self.patch(namespace, "Job", name, patch).await?);
            }
            Step::Delete(kind, name) => {
                self.delete_if(namespace, kind, name, |stored| is_owned(stored, &identity.uid)).await?;
            }
        }
        Ok(())
    }

    /// An object as it is now, if there is one.
    pub(crate) async fn get(&self, namespace: &str, kind: &str, name: &str) -> Result<Option<Value>, Error> {
        let found = self.fenced(self.api(api_version(kind), kind, namespace).get_opt(name)).await?;
        found.map(|object| object.value().map_err(|error| kube::Error::SerdeError(error).into())).transpose()
    }

    /// Deletes an object if it is meant, as it is at that moment: not one that has changed since, nor another one of the name.
    pub(crate) async fn delete_if(
        &self,
        namespace: &str,
        kind: &str,
        name: &str,
        is_meant: impl Fn(&Value) -> bool,
    ) -> Result<(), Error> {
        let api = self.api(api_version(kind), kind, namespace);
        let Some(found) = self.fenced(api.get_opt(name)).await? else { return Ok(()) };
        if !is_meant(&found.value().map_err(kube::Error::SerdeError)?) {
            return Ok(());
        }
        let metadata = found.meta();
        let (uid, resource_version) = (metadata.uid.clone(), metadata.resource_version.clone());
        let preconditions = Some(Preconditions { uid, resource_version });
        let params = DeleteParams { preconditions, ..DeleteParams::background() };
        match self.fenced(api.delete(name, &params)).await {
            Err(Error::Api(kube::Error::Api(status))) if status.is_not_found() => {}
            deleted => drop(deleted?),
        }
        tracing::info!(namespace, kind, name, "deleted");
        Ok(())
    }

    /// Changes some fields of an object, by a merge patch.
    pub(crate) async fn patch(
        &self,
        namespace: &str,
        kind: &str,
        name: &str,
        patch: Value,
    ) -> Result<Object, Error> {
        self.merge(&self.api(api_version(kind), kind, namespace), name, patch).await
    }

    async fn merge(&self, api: &Api<Object>, name: &str, patch: Value) -> Result<Object, Error> {
        self.fenced(api.patch(name, &PatchParams::default(), &Patch::Merge(patch))).await
    }

    /// Writes what differs of a status. The Function as it is then.
    pub(crate) async fn write_status(
        &self,
        identity: &Identity,
        before: Option<&FunctionStatus>,
        status: &FunctionStatus,
    ) -> Result<Function, Error> {
        let functions = Api::<Function>::namespaced(self.client.clone(), &identity.namespace);
        let mut patch = serde_json::to_value(status).unwrap_or_default();
        // What is no longer said has to be taken away by name.
        let before = serde_json::to_value(before).unwrap_or_default();
        if let (Some(patch), Some(before)) = (patch.as_object_mut(), before.as_object()) {
            for key in before.keys() {
                patch.entry(key.clone()).or_insert(Value::Null);
            }
        }
        // A Function of that name that is another one by now is not meant.
        let patch = json!({"metadata": {"uid": identity.uid}, "status": patch});
        let (params, patch) = (PatchParams::default(), Patch::Merge(patch));
        self.fenced(functions.patch_status(&identity.name, &params, &patch)).await
    }

    /// Tells of a transition of a Function.
    pub(crate) async fn tell_condition(
        &self,
        function: &Function,
        condition: &Condition,
    ) -> Result<(), Error> {
        let news = News {
            regarding: function.object_ref(&()),
            time: condition.last_transition_time.as_ref().map(|time| time.0).unwrap_or_default(),
            action: &condition.kind,
            reason: condition.reason.as_deref().unwrap_or_default(),
            note: condition.message.as_deref().unwrap_or_default(),
            is_warning: condition.status == "False",
        };
        self.tell(&news).await
    }

    /// Writes an Event. Its name follows from what it tells, so that it is told once, whatever happens.
    pub(crate) async fn tell(&self, news: &News<'_>) -> Result<(), Error> {
        let News { regarding, time, action, reason, note, is_warning } = news;
        let (Some(namespace), Some(name)) = (regarding.namespace.clone(), regarding.name.clone()) else {
            return Ok(());
        };
        let identity = json!([regarding.uid, action, is_warning, time.to_string()]);
        let digest = hex(&Sha256::digest(identity.to_string().as_bytes()));
        let event = Event {
            metadata: ObjectMeta {
                name: Some(format!("{name}.{}", digest.get(..16).unwrap_or_default())),
                namespace: Some(namespace.clone()),
                ..ObjectMeta::default()
            },
            event_time: Some(MicroTime(*time)),
            action: Some((*action).to_owned()),
            reason: Some((*reason).to_owned()),
            note: Some(note.chars().take(1000).collect()),
            type_: Some(if *is_warning { "Warning" } else { "Normal" }.to_owned()),
            regarding: Some(regarding.clone()),
            reporting_controller: Some(FIELD_MANAGER.to_owned()),
            reporting_instance: Some(FIELD_MANAGER.to_owned()),
            ..Event::default()
        };
        let events = Api::<Event>::namespaced(self.client.clone(), &namespace);
        match self.fenced(events.create(&PostParams::default(), &event)).await {
            // Told already.
            Err(Error::Api(kube::Error::Api(status))) if status.is_already_exists() => Ok(()),
            told => told.map(drop),
        }
    }

    fn api(&self, api_version: &str, kind: &str, namespace: &str) -> Api<Object> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        Api::namespaced_with(self.client.clone(), namespace, &resource)
    }

    /// Asks the API server for as long as this process leads: what is held up on its way is dropped at the end of the term.
    async fn fenced<T>(&self, call: impl Future<Output = kube::Result<T>>) -> Result<T, Error> {
        if !self.term.holds() {
            return Err(Error::Deposed);
        }
        tokio::select! {
            // What has been answered counts.
            biased;
            answer = call => Ok(answer?),
            () = self.term.clone().ended() => Err(Error::Deposed),
        }
    }
}

/// The patch that makes a change of a Job, if it is still the one that was seen.
fn patch_of(change: &JobChange, uid: &str, version: Option<&str>) -> Value {
    let mut patch = match change {
        JobChange::Relabel(labels) => json!({"metadata": {"labels": labels}}),
        JobChange::Digest(digest) => json!({"metadata": {"annotations": {(job_annotation::DIGEST): digest}}}),
        JobChange::Fail(why) => json!({"metadata": {"annotations": {(job_annotation::FAILURE): why}}}),
        JobChange::End(why) => json!({
            "metadata": {"annotations": {(job_annotation::FAILURE): why}},
            // It is over by now, so the Job controller ends the Job.
            "spec": {"activeDeadlineSeconds": 1},
        }),
    };
    if let Some(metadata) = patch.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("uid".to_owned(), uid.into());
        metadata.extend(version.map(|version| ("resourceVersion".to_owned(), version.into())));
    }
    patch
}

fn api_version(kind: &str) -> &'static str {
    match kind {
        "Job" => "batch/v1",
        "Deployment" => "apps/v1",
        "HorizontalPodAutoscaler" => "autoscaling/v2",
        "Function" => "serverless.kyma-project.io/v1alpha1",
        _ => "v1",
    }
}
