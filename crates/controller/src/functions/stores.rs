//! What is known of the cluster: kept up to date by watches, and only of what can matter to a Function, so that observing
//! asks the API server nothing.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use api::names::registry_secret;
use cluster::{Cache, InNamespace, Object, Presence, key};
use decide::function::{
    Config, Identity, Installed, Leftover, Observed, Registry, RegistryProblem, RuntimeImage, RuntimeMap,
    RuntimeProblem, Stored, registry, runtime_image,
};
use decide::owner::Owner;
use decide::{Key, Kind};
use kube::Resource as _;
use kube::runtime::reflector::{ObjectRef, Store};

use super::cached::{CachedJob, CachedRegistry, Child, Found, RunningPod, owned_by};
use super::names::Names;
use super::packed::PackedFunction;
use super::repository::Repository;

/// The stores.
pub(super) struct Stores {
    pub(super) functions: Store<PackedFunction>,
    /// The names of Functions by namespace.
    pub(super) names: Names,
    pub(super) config_maps: Cache<Child>,
    pub(super) jobs: Cache<CachedJob>,
    /// Pods of builds that run.
    pub(super) running_pods: Cache<RunningPod>,
    /// Jobs that build, and whose Pod ran and no longer runs.
    stopped: Mutex<HashSet<Key>>,
    pub(super) deployments: Cache<Child>,
    pub(super) services: Cache<Child>,
    /// Services of others, by their names.
    pub(super) other_services: Cache<Presence>,
    pub(super) autoscalers: Cache<Child>,
    pub(super) runtimes: Cache<InNamespace<RuntimeMap>>,
    /// Where runtimes are installed.
    pub(super) base_namespace: String,
    /// Those that are.
    installed: RwLock<Arc<Installed>>,
    /// What builds and Functions run as.
    pub(super) account_names: [String; 2],
    pub(super) build_accounts: Cache<Presence>,
    pub(super) function_accounts: Cache<Presence>,
    pub(super) registries: Cache<CachedRegistry>,
    pub(super) default_registries: Cache<CachedRegistry>,
    pub(super) repositories: Cache<Repository>,
    pub(super) secrets: Cache<Presence>,
}

impl Stores {
    /// Nothing seen yet but, maybe, Functions.
    pub(super) fn new(functions: Store<PackedFunction>, config: &Config, base_namespace: &str) -> Self {
        Self {
            functions,
            names: Names::default(),
            config_maps: Cache::default(),
            jobs: Cache::default(),
            running_pods: Cache::default(),
            stopped: Mutex::default(),
            deployments: Cache::default(),
            services: Cache::default(),
            other_services: Cache::default(),
            autoscalers: Cache::default(),
            runtimes: Cache::default(),
            base_namespace: base_namespace.to_owned(),
            installed: RwLock::default(),
            account_names: config.accounts().map(str::to_owned),
            build_accounts: Cache::default(),
            function_accounts: Cache::default(),
            registries: Cache::default(),
            default_registries: Cache::default(),
            repositories: Cache::default(),
            secrets: Cache::default(),
        }
    }

    /// Waits until everything has been seen once.
    pub(super) async fn ready(&self) {
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
    pub(super) fn observe(&self, identity: &Identity, runtime: &str) -> (Observed, Vec<Kind>) {
        let namespace = identity.namespace.as_str();
        let group = owned_by(namespace, &identity.uid);
        let child = identity.child();
        let (mut large, mut taken) = (Vec::new(), BTreeSet::new());
        let mut own = |cache: &Cache<Child>, kind: Kind, name: &str| {
            match cache.get(&(namespace.to_owned(), name.to_owned())).map(|child| child.found(&group)) {
                Some(Found::Whole(object)) => return Stored(Some(object)),
                Some(Found::Large) => large.push(kind),
                Some(Found::Foreign) => drop(taken.insert((kind, name.to_owned()))),
                None => {}
            }
            Stored(None)
        };
        let config_map = own(&self.config_maps, Kind::ConfigMap, &child);
        let deployment = own(&self.deployments, Kind::Deployment, &child);
        let autoscaler = own(&self.autoscalers, Kind::HorizontalPodAutoscaler, &child);
        let service = own(&self.services, Kind::Service, &identity.name);
        let service_key = (identity.namespace.clone(), identity.name.clone());
        if service.0.is_none() && self.other_services.get(&service_key).is_some() {
            taken.insert((Kind::Service, identity.name.clone()));
        }
        // Services have no other name, by the reference implementation either.
        let caches = [
            (&self.config_maps, Kind::ConfigMap),
            (&self.deployments, Kind::Deployment),
            (&self.autoscalers, Kind::HorizontalPodAutoscaler),
        ];
        let leftovers = caches.into_iter().flat_map(|(cache, kind)| {
            let others = cache.group(&group).into_iter().filter(|((_, name), _)| *name != child);
            others.map(move |((_, name), _)| Leftover { kind, name })
        });
        let jobs: Vec<_> = self.jobs.group(&group).into_iter().map(|(_, job)| Arc::clone(&job.job)).collect();
        let stopped = {
            let stopped = self.stopped();
            let names = jobs.iter().map(|job| job.name.clone());
            names.filter(|job| stopped.contains(&(namespace.to_owned(), job.clone()))).collect()
        };
        let observed = Observed {
            leftovers: leftovers.collect(),
            installed: Arc::clone(&self.installed.read().unwrap_or_else(PoisonError::into_inner)),
            runtime_image: self.runtime_image(namespace, runtime),
            registry: self.registry(namespace),
            missing_account: self.missing_account(namespace),
            config_map,
            jobs,
            stopped,
            deployment,
            service,
            autoscaler,
            taken,
            ..Observed::default()
        };
        (observed, large)
    }

    /// Notes that the Pod of a Job no longer runs. Returns the Function that the Job builds for, if it builds.
    pub(super) fn stop(&self, namespace: &str, job: &str) -> Option<String> {
        let key = (namespace.to_owned(), job.to_owned());
        let cached = self.jobs.get(&key).filter(|cached| cached.job.is_building())?;
        self.stopped().insert(key);
        Some(cached.job.owner.name.clone())
    }

    /// Forgets that of a Job that no longer builds.
    pub(super) fn forget_stopped(&self, job: &Key) {
        self.stopped().remove(job);
    }

    fn stopped(&self) -> MutexGuard<'_, HashSet<Key>> {
        self.stopped.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores what the API server answered to a write of an object of a Function.
    pub(super) fn written(&self, kind: Kind, object: &Object) {
        let version = object.meta().resource_version.as_deref();
        let child = |cache: &Cache<Child>| {
            if let Some(child) = Child::of(object) {
                cache.answered(key(object), version, child);
            }
        };
        match kind {
            Kind::ConfigMap => child(&self.config_maps),
            Kind::Deployment => child(&self.deployments),
            Kind::Service => child(&self.services),
            Kind::HorizontalPodAutoscaler => child(&self.autoscalers),
            Kind::Job => {
                if let Some(job) = CachedJob::of(object) {
                    self.jobs.answered(key(object), version, job);
                }
            }
            // No other object is one of a Function.
            _ => {}
        }
    }

    /// Whether a Function of a namespace is the owner that an object names.
    pub(super) fn is_owner(&self, namespace: &str, owner: &Owner) -> bool {
        let function = self.functions.get(&ObjectRef::new(&owner.name).within(namespace));
        function.is_some_and(|function| function.meta().uid.as_ref() == Some(&owner.uid))
    }

    /// Whether there is such a Function.
    pub(super) fn has_function(&self, (namespace, name): &Key) -> bool {
        self.functions.get(&ObjectRef::new(name).within(namespace)).is_some()
    }

    /// A `GitRepository`.
    pub(super) fn repository(&self, namespace: &str, name: &str) -> Option<Arc<Repository>> {
        self.repositories.get(&(namespace.to_owned(), name.to_owned()))
    }

    /// The version of a Secret, if there is one.
    pub(super) fn secret_version(&self, namespace: &str, name: &str) -> Option<String> {
        Some(self.secrets.get(&(namespace.to_owned(), name.to_owned()))?.version.clone())
    }

    /// Takes in what the base namespace has of runtimes.
    pub(super) fn install(&self) {
        let maps = self.runtimes.group(&self.base_namespace);
        let installed = Installed::of(maps.iter().map(|(_, map)| &map.value));
        *self.installed.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(installed);
    }

    fn missing_account(&self, namespace: &str) -> Option<String> {
        let accounts = [&self.build_accounts, &self.function_accounts].into_iter().zip(&self.account_names);
        let mut missing =
            accounts.filter(|(cache, name)| cache.get(&(namespace.to_owned(), (*name).clone())).is_none());
        missing.next().map(|(_, name)| name.clone())
    }

    fn runtime_image(&self, namespace: &str, runtime: &str) -> Result<RuntimeImage, RuntimeProblem> {
        let maps = self.runtimes.group(namespace);
        runtime_image(maps.iter().map(|((_, name), map)| (name.as_str(), &map.value)), runtime)
    }

    fn registry(&self, namespace: &str) -> Result<Registry, RegistryProblem> {
        let secret =
            |cache: &Cache<CachedRegistry>, name: &str| cache.get(&(namespace.to_owned(), name.to_owned()));
        let own = secret(&self.registries, registry_secret::NAME);
        let default = secret(&self.default_registries, registry_secret::DEFAULT_NAME);
        registry(own.as_ref().map(|own| &own.secret), default.as_ref().map(|default| &default.secret))
    }
}
