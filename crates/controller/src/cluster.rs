//! What is written to the API server. Nothing is, once this process does not lead any more.

pub(crate) mod apply;

use api::{Condition, Function, FunctionStatus};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ObjectReference, PodStatus};
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::api::{
    ApiResource, DeleteParams, GroupVersionKind, ListParams, Patch, PatchParams, PostParams, Preconditions,
};
use kube::{Api, Client, Resource as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::decide::Step;
use crate::image::hex;
use crate::names::Identity;
use crate::object::Object;
use crate::stores::Stores;
use apply::OfFunction;

/// The field manager of everything that the controller writes.
const FIELD_MANAGER: &str = "serverless-controller";
/// How much of what a container said last goes into a condition, in characters.
const LAST_WORDS: usize = 500;

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
    term: operation::lease::Term,
}

impl Cluster {
    pub(crate) fn new(client: Client, term: operation::lease::Term) -> Self {
        Self { client, term }
    }

    /// Takes a step, and lets the stores know of the answer.
    pub(crate) async fn take(&self, namespace: &str, step: &Step, stores: &Stores) -> Result<(), Error> {
        match step {
            Step::Create(object) => stores.applied(&self.create(&OfFunction(object)).await?),
            Step::Apply(object) => stores.applied(&self.update(&OfFunction(object)).await?),
            Step::Relabel(name, labels) => {
                let patch = json!({"metadata": {"labels": labels}});
                stores.applied(&self.patch(namespace, "Job", name, patch).await?);
            }
            Step::Delete(kind, name) => self.delete(namespace, kind, name).await?,
        }
        Ok(())
    }

    /// Deletes an object, if there is one.
    pub(crate) async fn delete(&self, namespace: &str, kind: &str, name: &str) -> Result<(), Error> {
        self.delete_with(namespace, kind, name, DeleteParams::background()).await
    }

    /// Deletes an object if it is meant, as it is at that moment.
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
        self.delete_with(namespace, kind, name, params).await
    }

    async fn delete_with(
        &self,
        namespace: &str,
        kind: &str,
        name: &str,
        params: DeleteParams,
    ) -> Result<(), Error> {
        let api = self.api(api_version(kind), kind, namespace);
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

    /// What the container of a failed Job said last, if it said anything.
    pub(crate) async fn last_words(&self, namespace: &str, job: &str) -> Result<Option<String>, Error> {
        let pods = self.api("v1", "Pod", namespace);
        let of_job = ListParams::default().labels(&format!("batch.kubernetes.io/job-name={job}"));
        let pods = self.fenced(pods.list(&of_job)).await?;
        let containers = pods.items.iter().filter_map(Object::status::<PodStatus>).flat_map(|status| {
            let init = status.init_container_statuses.into_iter().flatten();
            init.chain(status.container_statuses.into_iter().flatten())
        });
        let failed =
            containers.filter_map(|container| container.state?.terminated).find(|end| end.exit_code != 0);
        let Some(end) = failed else { return Ok(None) };
        let message = end.message.as_deref().unwrap_or_default().trim();
        let reason = end.reason.as_deref().unwrap_or("Error");
        let words = if message.is_empty() {
            format!("{reason}, exit code {}", end.exit_code)
        } else {
            // The end is what it failed for.
            let skipped = message.chars().count().saturating_sub(LAST_WORDS);
            message.chars().skip(skipped).map(|char| if char.is_control() { ' ' } else { char }).collect()
        };
        Ok(Some(words))
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

fn api_version(kind: &str) -> &'static str {
    match kind {
        "Job" => "batch/v1",
        "Deployment" => "apps/v1",
        "HorizontalPodAutoscaler" => "autoscaling/v2",
        _ => "v1",
    }
}
