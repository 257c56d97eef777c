//! What the controller knows of the cluster: kept up to date by watches, and only of what can matter to a Function, so that
//! observing asks the API server nothing.

pub(crate) mod cache;
pub(crate) mod function;
pub mod kept;
mod names;
pub(crate) mod watches;

use std::collections::BTreeSet;
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
use cache::{Cache, PAGE, key};
use function::PackedFunction;
use names::Names;
pub(crate) use watches::{Told, Watches};

use kept::{BuildJob, Child, Found, Owner, RegistrySecret, Repository, RuntimeMap, Version, owned_by};

/// The stores.
pub(crate) struct Stores {
    functions: Store<PackedFunction>,
    /// The names of Functions by namespace.
    names: Names,
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
        let names = Names::default();
        let seen = names.clone();
        let pages = WatcherConfig::default().page_size(PAGE);
        let stream = watcher(Api::<PackedFunction>::all(client.clone()), pages)
            .default_backoff()
            .reflect(writer)
            .inspect_ok(move |event| {
                seen.see(event);
                if let Event::Delete(function) = event {
                    // Nobody listens when the loop has ended.
                    let _ = gone.unbounded_send(key(function));
                }
            })
            .applied_objects();
        let stores = Self {
            functions: functions.clone(),
            names,
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

    /// What there is for a Function, and the kinds of which its object is too large to be kept.
    #[must_use]
    pub(crate) fn observe(&self, identity: &Identity, runtime: &str) -> (Observed, Vec<&'static str>) {
        let namespace = identity.namespace.as_str();
        let group = owned_by(namespace, &identity.uid);
        let child = identity.child();
        let (mut large, mut taken) = (Vec::new(), BTreeSet::new());
        let mut own = |cache: &Cache<Child>, kind: &'static str, name: &str| {
            match cache.get(&(namespace.to_owned(), name.to_owned())).map(|child| child.found(&group)) {
                Some(Found::Whole(object)) => return Stored(Some(object)),
                Some(Found::Large) => large.push(kind),
                Some(Found::Foreign) => drop(taken.insert((kind.to_owned(), name.to_owned()))),
                None => {}
            }
            Stored(None)
        };
        let config_map = own(&self.config_maps, "ConfigMap", &child);
        let deployment = own(&self.deployments, "Deployment", &child);
        let autoscaler = own(&self.autoscalers, "HorizontalPodAutoscaler", &child);
        let service = own(&self.services, "Service", &identity.name);
        let service_key = (identity.namespace.clone(), identity.name.clone());
        if service.0.is_none() && self.other_services.get(&service_key).is_some() {
            taken.insert(("Service".to_owned(), identity.name.clone()));
        }
        // Services have no other name, by the reference implementation either.
        let caches = [
            (&self.config_maps, "ConfigMap"),
            (&self.deployments, "Deployment"),
            (&self.autoscalers, "HorizontalPodAutoscaler"),
        ];
        let leftovers = caches.into_iter().flat_map(|(cache, kind)| {
            let others = cache.group(&group).into_iter().filter(|((_, name), _)| *name != child);
            others.map(move |((_, name), _)| Leftover { kind, name })
        });
        let observed = Observed {
            leftovers: leftovers.collect(),
            runtime_image: self.runtime_image(namespace, runtime),
            registry: self.registry(namespace),
            missing_account: self.missing_account(namespace),
            config_map,
            jobs: self.jobs.group(&group).into_iter().map(|(_, job)| job).collect(),
            deployment,
            service,
            autoscaler,
            taken,
            ..Observed::default()
        };
        (observed, large)
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

    /// Whether a Function of a namespace is the owner that an object names.
    pub(crate) fn is_owner(&self, namespace: &str, owner: &Owner) -> bool {
        let function = self.functions.get(&ObjectRef::new(&owner.name).within(namespace));
        function.is_some_and(|function| function.meta().uid.as_ref() == Some(&owner.uid))
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
