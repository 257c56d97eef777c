//! What the controller knows of the cluster: kept up to date by watches, and only of what can matter to a Function, so that
//! observing asks the API server nothing.

use std::collections::BTreeMap;

use api::Function;
use api::names::{owned_label, registry_secret};
use futures::channel::mpsc::UnboundedSender;
use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::ByteString;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Secret, Service};
use kube::runtime::reflector::{ObjectRef, Store, store};
use kube::runtime::watcher::{Config as WatcherConfig, Error as WatchError};
use kube::runtime::{Controller, WatchStreamExt as _, watcher};
use kube::{Api, Client, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::decide::build::end;
use crate::decide::{Observed, Stored};
use crate::desired::{Registry, RuntimeImage};
use crate::names::{Identity, MANAGER};
use crate::queue::Key;

/// The label of `ConfigMaps` that belong to runtimes, and the value that it has.
const CONFIG_LABEL: (&str, &str) = ("serverless.kyma-project.io/config", "runtime");
/// The label with the name of the runtime.
const RUNTIME_LABEL: &str = "serverless.kyma-project.io/runtime";
/// The key of a Dockerfile.
const DOCKERFILE: &str = "Dockerfile";
/// The registry that a namespace has by default.
const DEFAULT_REGISTRY: &str = "serverless-registry-config-default";

/// The stores.
pub struct Stores {
    functions: Store<Function>,
    config_maps: Store<ConfigMap>,
    jobs: Store<Job>,
    deployments: Store<Deployment>,
    services: Store<Service>,
    autoscalers: Store<HorizontalPodAutoscaler>,
    runtimes: Store<ConfigMap>,
    registries: Store<Secret>,
    default_registries: Store<Secret>,
}

impl Stores {
    /// Starts the watches, which wake the Functions that they matter to. Every change of a Job is told besides, since slots
    /// become free by Jobs of Functions that are gone, too.
    pub fn watch(
        client: &Client,
        mut controller: Controller<Function>,
        changed: UnboundedSender<Key>,
    ) -> (Self, Controller<Function>) {
        let functions = controller.store();
        let (config_maps, stream) = owned(client);
        controller = controller.owns_stream::<ConfigMap>(stream);
        let (jobs, stream) = owned(client);
        let stream = stream.inspect_ok(move |job: &Job| {
            // Nobody listens when the loop has ended.
            let _ = key(job).map(|key| changed.unbounded_send(key));
        });
        controller = controller.owns_stream::<Job>(stream);
        let (deployments, stream) = owned(client);
        controller = controller.owns_stream::<Deployment>(stream);
        let (services, stream) = owned(client);
        controller = controller.owns_stream::<Service>(stream);
        let (autoscalers, stream) = owned(client);
        controller = controller.owns_stream::<HorizontalPodAutoscaler>(stream);

        let of_runtimes = WatcherConfig::default().labels(&format!("{}={}", CONFIG_LABEL.0, CONFIG_LABEL.1));
        let (runtimes, stream) = watched::<ConfigMap>(client, of_runtimes, |_| {});
        controller = controller.watches_stream(stream, in_namespace_of(functions.clone()));
        let (registries, stream) =
            watched::<Secret>(client, named(registry_secret::NAME), without_credentials);
        controller = controller.watches_stream(stream, in_namespace_of(functions.clone()));
        let (default_registries, stream) =
            watched::<Secret>(client, named(DEFAULT_REGISTRY), without_credentials);
        controller = controller.watches_stream(stream, in_namespace_of(functions.clone()));
        let stores = Self {
            functions,
            config_maps,
            jobs,
            deployments,
            services,
            autoscalers,
            runtimes,
            registries,
            default_registries,
        };
        (stores, controller)
    }

    /// Waits until everything has been seen once.
    pub async fn ready(&self) {
        // A store whose watch has ended is never ready, and then nothing else is either.
        let _ = tokio::join!(
            self.config_maps.wait_until_ready(),
            self.jobs.wait_until_ready(),
            self.deployments.wait_until_ready(),
            self.services.wait_until_ready(),
            self.autoscalers.wait_until_ready(),
            self.runtimes.wait_until_ready(),
            self.registries.wait_until_ready(),
            self.default_registries.wait_until_ready(),
        );
    }

    /// What there is for a Function.
    #[must_use]
    pub fn observe(&self, identity: &Identity, runtime: &str) -> Observed {
        let namespace = identity.namespace.as_str();
        let child = identity.child();
        let jobs = self.jobs.state();
        let is_ours = |job: &Job| {
            let labels = job.metadata.labels.as_ref();
            labels.and_then(|labels| labels.get(owned_label::UUID)) == Some(&identity.uid)
        };
        Observed {
            runtime_image: self.runtime_image(namespace, runtime),
            registry: self.registry(namespace),
            config_map: stored(&self.config_maps, &child, namespace),
            jobs: jobs
                .iter()
                .filter(|job| is_ours(job))
                .filter_map(|job| serde_json::to_value(&**job).ok())
                .collect(),
            deployment: stored(&self.deployments, &child, namespace),
            service: stored(&self.services, &identity.name, namespace),
            autoscaler: stored(&self.autoscalers, &child, namespace),
            builds_ahead: 0,
        }
    }

    /// How many Jobs build.
    #[must_use]
    pub fn building(&self) -> usize {
        let is_active = |job: &Job| {
            let conditions = job.status.as_ref().and_then(|status| status.conditions.as_ref());
            !conditions
                .into_iter()
                .flatten()
                .any(|condition| end(&condition.type_, &condition.status).is_some())
        };
        self.jobs.state().iter().filter(|job| is_active(job)).count()
    }

    /// Whether there is such a Function.
    #[must_use]
    pub fn has_function(&self, (namespace, name): &Key) -> bool {
        self.functions.get(&ObjectRef::new(name).within(namespace)).is_some()
    }

    fn runtime_image(&self, namespace: &str, runtime: &str) -> Option<RuntimeImage> {
        let runtimes = self.runtimes.state();
        let mut fitting = runtimes.iter().filter(|map| {
            let labels = map.metadata.labels.as_ref();
            map.metadata.namespace.as_deref() == Some(namespace)
                && labels.and_then(|labels| labels.get(RUNTIME_LABEL)).map(String::as_str) == Some(runtime)
        });
        let only = fitting.next().filter(|_| fitting.next().is_none())?;
        let dockerfile = only.data.as_ref()?.get(DOCKERFILE)?.clone();
        Some(RuntimeImage { config_map: only.metadata.name.clone()?, dockerfile })
    }

    fn registry(&self, namespace: &str) -> Option<Registry> {
        let secret = |store: &Store<Secret>, name: &str| store.get(&ObjectRef::new(name).within(namespace));
        if let Some(own) = secret(&self.registries, registry_secret::NAME) {
            let address = text(&own, registry_secret::REGISTRY_ADDRESS)?;
            return Some(Registry {
                secret: registry_secret::NAME.to_owned(),
                push: address.clone(),
                pull: address,
            });
        }
        let default = secret(&self.default_registries, DEFAULT_REGISTRY)?;
        let push = text(&default, registry_secret::REGISTRY_ADDRESS)?;
        let is_internal = text(&default, "isInternal").as_deref() == Some("true");
        let pull = if is_internal { text(&default, registry_secret::SERVER_ADDRESS)? } else { push.clone() };
        Some(Registry { secret: DEFAULT_REGISTRY.to_owned(), push, pull })
    }
}

fn key(job: &Job) -> Option<Key> {
    Some((job.metadata.namespace.clone()?, job.metadata.name.clone()?))
}

fn text(secret: &Secret, key: &str) -> Option<String> {
    String::from_utf8(secret.data.as_ref()?.get(key)?.0.clone()).ok()
}

/// Addresses are all that is kept of a registry Secret.
fn without_credentials(secret: &mut Secret) {
    let kept = [registry_secret::REGISTRY_ADDRESS, registry_secret::SERVER_ADDRESS, "isInternal"];
    let data: BTreeMap<String, ByteString> = secret.data.take().unwrap_or_default();
    secret.data = Some(data.into_iter().filter(|(key, _)| kept.contains(&key.as_str())).collect());
}

fn named(name: &str) -> WatcherConfig {
    WatcherConfig::default().fields(&format!("metadata.name={name}"))
}

fn stored<K>(store: &Store<K>, name: &str, namespace: &str) -> Stored
where
    K: Resource<DynamicType = ()> + Clone + Serialize + 'static,
{
    let object = store.get(&ObjectRef::new(name).within(namespace));
    Stored(object.and_then(|object| serde_json::to_value(&*object).ok()))
}

/// All Functions of the namespace of an object.
fn in_namespace_of<K>(functions: Store<Function>) -> impl Fn(K) -> Vec<ObjectRef<Function>> + Send + Sync
where
    K: Resource<DynamicType = ()>,
{
    move |object| {
        let namespace = &object.meta().namespace;
        let functions = functions.state();
        let near = functions.iter().filter(|function| function.metadata.namespace == *namespace);
        near.map(|function| ObjectRef::from_obj(&**function)).collect()
    }
}

type Events<K> = futures::stream::BoxStream<'static, Result<K, WatchError>>;

/// What the controller has made.
fn owned<K>(client: &Client) -> (Store<K>, Events<K>)
where
    K: Resource<DynamicType = ()> + Clone + std::fmt::Debug + DeserializeOwned + Send + Sync + 'static,
{
    let ours = WatcherConfig::default().labels(&format!("{}={MANAGER}", owned_label::MANAGED_BY));
    watched(client, ours, |_| {})
}

fn watched<K>(client: &Client, config: WatcherConfig, prune: fn(&mut K)) -> (Store<K>, Events<K>)
where
    K: Resource<DynamicType = ()> + Clone + std::fmt::Debug + DeserializeOwned + Send + Sync + 'static,
{
    let (reader, writer) = store();
    let stream = watcher(Api::<K>::all(client.clone()), config)
        .default_backoff()
        .modify(move |object| {
            object.meta_mut().managed_fields = None;
            prune(object);
        })
        .reflect(writer)
        .touched_objects();
    (reader, stream.boxed())
}
