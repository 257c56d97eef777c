//! Gives Functions a registry: an `ImagePushSecret` in each namespace with Functions that has no registry of its own and, if
//! the configuration says so, the `ImageRegistry` itself.

mod watches;

use std::sync::Arc;
use std::time::Duration;

use api::names::registry::PUSH_SECRET_OF_FUNCTIONS;
use api::names::registry_secret;
use cluster::reconcile::{self, Action, Reconciler, Watch};
use cluster::{Error, Failures, Intent, Note, Writer};
use decide::plan::Wanted;
use decide::registry::for_functions::{self, Plan};
use decide::{Key, Kind, drift};
use futures::channel::mpsc::unbounded;
use k8s_openapi::api::core::v1::{ObjectReference, Pod};
use kube::api::ListParams;
use kube::runtime::watcher::{Config as WatcherConfig, Event};
use kube::{Api, ResourceExt as _};
use process::causes::Causes;
use serde_json::Value;

use crate::config::{Config, Propagation};
use crate::metrics::Metrics;
use crate::shared::Shared;
use watches::{AnyNamespace, Sources};

/// When Pods that still use a Secret are looked for again.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

struct FunctionRegistries {
    /// The namespace and the name of the registry.
    registry: Key,
    /// What it is created with, if the controller creates it.
    created: Option<Wanted>,
    propagation: Propagation,
    writer: Writer,
    sources: Arc<Sources>,
    metrics: Arc<Metrics>,
    /// Failures by namespace.
    failures: Failures,
}

/// Runs until `end` completes; a reconcile that is running then finishes. Without a registry of Functions there is nothing to do.
pub async fn run(shared: &Shared, config: &Config, end: impl Future<Output = ()> + Send + Sync + 'static) {
    let Some(given) = &config.image_registries.for_functions else { return };
    let registry = given.key(&config.namespace);
    // A specification always becomes JSON.
    let spec = given.create.as_ref().map(|spec| serde_json::to_value(spec).unwrap_or_default());
    let watch =
        Watch::new(Api::<AnyNamespace>::all(shared.client.clone()), WatcherConfig::default(), |namespace| {
            let metadata = &mut namespace.metadata;
            (metadata.managed_fields, metadata.labels, metadata.annotations) = (None, None, None);
        });
    let (wake, woken) = unbounded();
    let sources = Arc::<Sources>::default();
    // They end with this function.
    let _watches = sources.follow(&shared.client, &registry, &wake);
    let registries = FunctionRegistries {
        created: spec.map(|spec| for_functions::registry(&registry, &spec)),
        registry,
        propagation: config.propagation.clone(),
        writer: shared.writer(),
        sources,
        metrics: Arc::clone(&shared.metrics),
        failures: Failures::default(),
    };
    reconcile::run(Arc::new(registries), watch, woken, config.workers, end).await;
}

impl Reconciler for FunctionRegistries {
    type Object = AnyNamespace;

    async fn ready(&self) {
        self.sources.ready().await;
    }

    fn seen(&self, event: &Event<AnyNamespace>) {
        if let Event::Delete(namespace) = event {
            self.failures.forget(&namespace.name_any());
        }
    }

    async fn look(&self, namespace: &AnyNamespace) -> Result<Action, Error> {
        let name = namespace.name_any();
        if namespace.metadata.deletion_timestamp.is_some() {
            return Ok(Action::await_change());
        }
        if name == self.registry.0 {
            self.create_registry().await?;
        }
        let action = if self.is_served(&name) { self.serve(&name).await? } else { Action::await_change() };
        self.failures.forget(&name);
        Ok(action)
    }

    fn failed(&self, namespace: &AnyNamespace, error: &Error) -> Action {
        self.metrics.failed(error.reason());
        let name = namespace.name_any();
        tracing::warn!(error = %Causes(error), namespace = name, "cannot give the Functions of a namespace a registry");
        self.failures.failed(&name)
    }
}

impl FunctionRegistries {
    /// Whether a namespace gets what Functions need.
    fn is_served(&self, namespace: &str) -> bool {
        let Propagation { base_namespace, excluded_namespaces } = &self.propagation;
        namespace == base_namespace || !excluded_namespaces.contains(namespace)
    }

    /// Creates the registry, or changes it to what is configured. One of somebody else is used as it is.
    async fn create_registry(&self) -> Result<(), Error> {
        let Some(wanted) = &self.created else { return Ok(()) };
        let found = self.sources.registries.get(&self.registry);
        let written = match found.as_ref().map(|found| &found.value) {
            None => self.writer.create(&Made(wanted)).await,
            Some(stored) if !for_functions::is_managed(stored) => {
                let (namespace, name) = &self.registry;
                tracing::warn!(
                    namespace,
                    name,
                    "an ImageRegistry of somebody else has the name of that of Functions: it is used as it is"
                );
                return Ok(());
            }
            Some(stored) if drift::is_stored(&wanted.object, stored) => return Ok(()),
            Some(_) => self.writer.update(&Made(wanted)).await,
        };
        written.map(drop)
    }

    async fn serve(&self, namespace: &str) -> Result<Action, Error> {
        let observed = self.sources.observe(namespace);
        match for_functions::decide(&self.registry, namespace, &observed) {
            Plan::Nothing => {}
            Plan::Write(wanted) => match self.writer.create(&Made(&wanted)).await {
                // The watch has not shown it yet.
                Err(Error::Taken { .. }) => self.report_conflict(namespace).await?,
                written => drop(written?),
            },
            Plan::DeleteUnused if self.is_used(namespace).await? => return Ok(Action::requeue(LOOK_AGAIN)),
            Plan::Delete | Plan::DeleteUnused => self.delete(namespace).await?,
            Plan::Conflict => self.report_conflict(namespace).await?,
        }
        Ok(Action::await_change())
    }

    async fn delete(&self, namespace: &str) -> Result<(), Error> {
        let name = PUSH_SECRET_OF_FUNCTIONS;
        let is_made = |stored: &Value| for_functions::is_made(name, stored);
        self.writer.delete_if(Kind::ImagePushSecret, namespace, name, is_made).await
    }

    /// Whether a Pod of a namespace pulls or builds with the Secret.
    async fn is_used(&self, namespace: &str) -> Result<bool, Error> {
        let pods = Api::<Pod>::namespaced(self.writer.client().clone(), namespace);
        self.writer.any(&pods, ListParams::default(), uses_secret).await
    }

    /// Reports, in the log and once in an Event, that somebody else has the name.
    async fn report_conflict(&self, namespace: &str) -> Result<(), Error> {
        let (kind, name) = (Kind::ImagePushSecret, PUSH_SECRET_OF_FUNCTIONS);
        let Some(found) = self.writer.get(kind, namespace, name).await? else { return Ok(()) };
        let text = |field: &str| found.pointer(field).and_then(Value::as_str).map(str::to_owned);
        let created = text("/metadata/creationTimestamp").and_then(|time| time.parse().ok());
        let note = Note {
            regarding: ObjectReference {
                api_version: Some(kind.api_version()),
                kind: Some(kind.as_str().to_owned()),
                namespace: Some(namespace.to_owned()),
                name: Some(name.to_owned()),
                uid: text("/metadata/uid"),
                ..ObjectReference::default()
            },
            // So there is one Event for an object.
            time: created.unwrap_or_default(),
            action: "ChooseRegistry",
            reason: "NameConflict",
            note: "Functions of this namespace have no registry: this ImagePushSecret of somebody else has the name that the controller needs. Set forFunctions in it, or give it another name",
            is_warning: true,
        };
        tracing::warn!(
            namespace,
            name,
            "an ImagePushSecret of somebody else keeps Functions from having a registry"
        );
        self.writer.note(&note).await
    }
}

/// Whether a Pod pulls its images with the Secret of Functions, or mounts it.
fn uses_secret(pod: &Pod) -> bool {
    let Some(spec) = &pod.spec else { return false };
    let has_ended = pod
        .status
        .as_ref()
        .and_then(|status| status.phase.as_deref())
        .is_some_and(|phase| matches!(phase, "Succeeded" | "Failed"));
    let pulls = spec.image_pull_secrets.iter().flatten().any(|secret| secret.name == registry_secret::NAME);
    let mut secrets = spec.volumes.iter().flatten().filter_map(|volume| volume.secret.as_ref());
    let mounts = secrets.any(|secret| secret.secret_name.as_deref() == Some(registry_secret::NAME));
    !has_ended && (pulls || mounts)
}

/// An object that the controller makes for Functions.
struct Made<'a>(&'a Wanted);

impl Intent for Made<'_> {
    fn wanted(&self) -> &Wanted {
        self.0
    }

    fn is_ours(&self, stored: &Value) -> bool {
        for_functions::is_managed(stored)
    }

    fn is_done(&self, stored: &Value) -> bool {
        drift::is_stored(&self.0.object, stored)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case::pulls(json!({"imagePullSecrets": [{"name": "serverless-registry-config"}]}), "Running", true)]
    #[case::builds(
        json!({"volumes": [{"name": "v", "secret": {"secretName": "serverless-registry-config"}}]}),
        "Pending",
        true
    )]
    #[case::has_ended(json!({"imagePullSecrets": [{"name": "serverless-registry-config"}]}), "Succeeded", false)]
    #[case::pulls_with_another_one(json!({"imagePullSecrets": [{"name": "pull"}]}), "Running", false)]
    fn a_pod_uses_the_secret_while_it_may_pull(
        #[case] spec: Value,
        #[case] phase: &str,
        #[case] expected: bool,
    ) {
        let mut pod = json!({"spec": {"containers": []}, "status": {"phase": phase}});
        pod["spec"].as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
        assert_eq!(uses_secret(&serde_json::from_value(pod).unwrap()), expected);
    }
}
