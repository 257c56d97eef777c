//! What the controller knows of the cluster: kept up to date by watches, and only of what can matter to a Function, so that
//! observing asks the API server nothing.

pub(crate) mod cache;
pub(crate) mod function;
pub mod kept;
pub(crate) mod watches;

use std::sync::Arc;

use api::names::registry_secret;
use futures::channel::mpsc::UnboundedSender;
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use kube::runtime::reflector::{ObjectRef, Store, store};
use kube::runtime::watcher::{Config as WatcherConfig, Error as WatchError, Event};
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, Client, Resource as _};

use crate::config::Config;
use crate::decide::{Leftover, Observed, RegistryProblem, RuntimeProblem, Stored, registry, runtime_image};
use crate::desired::{Registry, RuntimeImage};
use crate::names::Identity;
use crate::object::Object;
use crate::queue::Key;
use cache::{Cache, key};
use function::PackedFunction;
pub(crate) use watches::{Told, Watches};

use kept::{BuildJob, Child, RegistrySecret, Repository, RuntimeMap, Version};

/// The stores.
pub(crate) struct Stores {
    functions: Store<PackedFunction>,
    config_maps: Cache<Child>,
    jobs: Cache<BuildJob>,
    deployments: Cache<Child>,
    services: Cache<Child>,
    /// Services of others, by their names.
    other_services: Cache<Version>,
    autoscalers: Cache<Child>,
    runtimes: Cache<RuntimeMap>,
    /// What builds and Functions run as.
    account_names: [String; 2],
    build_accounts: Cache<Version>,
    function_accounts: Cache<Version>,
    registries: Cache<RegistrySecret>,
    default_registries: Cache<RegistrySecret>,
    repositories: Cache<Repository>,
    secrets: Cache<Version>,
}

/// The Functions of a cluster as they change.
pub(crate) type Functions = BoxStream<'static, Result<PackedFunction, WatchError>>;

impl Stores {
    /// Nothing seen yet, and the Functions to come; `gone` is told of those that go.
    pub(crate) fn new(
        client: &Client,
        config: &Config,
        gone: UnboundedSender<Key>,
    ) -> (Self, Store<PackedFunction>, Functions) {
        let (functions, writer) = store();
        let stream = watcher(Api::<PackedFunction>::all(client.clone()), WatcherConfig::default())
            .default_backoff()
            .reflect(writer)
            .inspect_ok(move |event| {
                if let Event::Delete(function) = event {
                    // Nobody listens when the loop has ended.
                    let _ = gone.unbounded_send(key(function));
                }
            })
            .applied_objects();
        let stores = Self {
            functions: functions.clone(),
            config_maps: Cache::default(),
            jobs: Cache::default(),
            deployments: Cache::default(),
            services: Cache::default(),
            other_services: Cache::default(),
            autoscalers: Cache::default(),
            runtimes: Cache::default(),
            account_names: config.accounts().map(str::to_owned),
            build_accounts: Cache::default(),
            function_accounts: Cache::default(),
            registries: Cache::default(),
            default_registries: Cache::default(),
            repositories: Cache::default(),
            secrets: Cache::default(),
        };
        (stores, functions, stream.boxed())
    }

    /// Waits until everything has been seen once.
    pub(crate) async fn ready(&self) {
        // The store of Functions is ready, as one of them is looked at.
        tokio::join!(
            self.config_maps.ready(),
            self.jobs.ready(),
            self.deployments.ready(),
            self.services.ready(),
            self.other_services.ready(),
            self.autoscalers.ready(),
            self.runtimes.ready(),
            self.build_accounts.ready(),
            self.function_accounts.ready(),
            self.registries.ready(),
            self.default_registries.ready(),
            self.repositories.ready(),
            self.secrets.ready(),
        );
    }

    /// What there is for a Function.
    #[must_use]
    pub(crate) fn observe(&self, identity: &Identity, runtime: &str) -> Observed {
        let namespace = identity.namespace.as_str();
        let child = identity.child();
        let mut leftovers = Vec::new();
        let mut own = |cache: &Cache<Child>, kind: &'static str, name: &str| {
            let mut stored = Stored(None);
            for ((_, known), kept) in cache.group(&identity.uid) {
                if known == name {
                    stored = Stored(kept.value());
                } else {
                    leftovers.push(Leftover { kind, name: known });
                }
            }
            stored
        };
        let config_map = own(&self.config_maps, "ConfigMap", &child);
        let deployment = own(&self.deployments, "Deployment", &child);
        let autoscaler = own(&self.autoscalers, "HorizontalPodAutoscaler", &child);
        let service = own(&self.services, "Service", &identity.name);
        let service_key = (identity.namespace.clone(), identity.name.clone());
        let is_taken = service.0.is_none() && self.other_services.get(&service_key).is_some();
        Observed {
            runtime_image: self.runtime_image(namespace, runtime),
            registry: self.registry(namespace),
            missing_account: self.missing_account(namespace),
            config_map,
            jobs: self.jobs.group(&identity.uid).into_iter().map(|(_, job)| job).collect(),
            deployment,
            service,
            autoscaler,
            leftovers,
            taken: is_taken.then(|| ("Service".to_owned(), identity.name.clone())).into_iter().collect(),
            ..Observed::default()
        }
    }

    /// Stores what the API server answered to the application of an object.
    pub(crate) fn applied(&self, object: &Object) {
        let version = object.meta().resource_version.as_deref();
        let child = |cache: &Cache<Child>| {
            if let Some(child) = Child::of(object) {
                cache.answered(key(object), version, child);
            }
        };
        match object.kind() {
            Some("ConfigMap") => child(&self.config_maps),
            Some("Deployment") => child(&self.deployments),
            Some("Service") => child(&self.services),
            Some("HorizontalPodAutoscaler") => child(&self.autoscalers),
            Some("Job") => {
                if let Some(job) = BuildJob::of(object) {
                    self.jobs.answered(key(object), version, job);
                }
            }
            _ => {}
        }
    }

    /// Whether there is such a Function.
    pub(crate) fn has_function(&self, (namespace, name): &Key) -> bool {
        self.functions.get(&ObjectRef::new(name).within(namespace)).is_some()
    }

    /// A `GitRepository`.
    pub(crate) fn repository(&self, namespace: &str, name: &str) -> Option<Arc<Repository>> {
        self.repositories.get(&(namespace.to_owned(), name.to_owned()))
    }

    /// The version of a Secret, if there is one.
    pub(crate) fn secret_version(&self, namespace: &str, name: &str) -> Option<String> {
        Some(self.secrets.get(&(namespace.to_owned(), name.to_owned()))?.version.clone())
    }

    fn missing_account(&self, namespace: &str) -> Option<String> {
        let accounts = [&self.build_accounts, &self.function_accounts].into_iter().zip(&self.account_names);
        let mut missing =
            accounts.filter(|(cache, name)| cache.get(&(namespace.to_owned(), (*name).clone())).is_none());
        missing.next().map(|(_, name)| name.clone())
    }

    fn runtime_image(&self, namespace: &str, runtime: &str) -> Result<RuntimeImage, RuntimeProblem> {
        let maps = self.runtimes.group(namespace);
        runtime_image(maps.iter().map(|((_, name), map)| (name.as_str(), &**map)), runtime)
    }

    fn registry(&self, namespace: &str) -> Result<Registry, RegistryProblem> {
        let secret =
            |cache: &Cache<RegistrySecret>, name: &str| cache.get(&(namespace.to_owned(), name.to_owned()));
        let own = secret(&self.registries, registry_secret::NAME);
        let default = secret(&self.default_registries, registry_secret::DEFAULT_NAME);
        registry(own.as_deref(), default.as_deref())
    }
}
