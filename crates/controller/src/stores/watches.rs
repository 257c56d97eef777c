//! The watches: what is followed, and which Functions a change matters to.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;

use api::GitRepository;
use api::names::{config_label, owned_label, registry_secret};
use futures::channel::mpsc::UnboundedSender;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Secret, Service, ServiceAccount};
use kube::api::{ApiResource, PartialObjectMeta};
use kube::runtime::reflector::ObjectRef;
use kube::runtime::watcher::Config;
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;
use tokio::task::JoinSet;

use super::Stores;
use super::cache::{Cache, Change, Kept};
use super::function::PackedFunction;
use super::kept::{BuildJob, Child, Owner, RegistrySecret, Repository, RuntimeMap, Version};
use crate::object::Object;
use crate::queue::Key;

/// Types of Secrets of which there are many, and which hold no credentials of Git or of registries.
pub(crate) const OTHER_SECRETS: &str =
    "type!=helm.sh/release.v1,type!=kubernetes.io/service-account-token,type!=bootstrap.kubernetes.io/token";

/// Who is told of changes.
#[derive(Clone)]
pub(crate) struct Told {
    /// Functions to look at.
    pub(crate) wake: UnboundedSender<ObjectRef<PackedFunction>>,
    /// Jobs, each with the Function that it says it builds for; `None` if it does not build, or not any more.
    pub(crate) jobs: UnboundedSender<(Key, Option<Owner>)>,
}

type CacheOf<T> = fn(&Stores) -> &Cache<T>;

/// The watches of a controller; they end with it.
pub(crate) struct Watches {
    stores: Arc<Stores>,
    client: Client,
    told: Told,
    /// Those that are configured.
    runtimes: BTreeSet<String>,
    tasks: JoinSet<()>,
}

impl Watches {
    pub(crate) fn start(
        stores: &Arc<Stores>,
        client: &Client,
        told: &Told,
        runtimes: BTreeSet<String>,
    ) -> Self {
        let (stores, client, told) = (Arc::clone(stores), client.clone(), told.clone());
        let mut watches = Self { stores, client, told, runtimes, tasks: JoinSet::new() };
        watches.follow_children();
        watches.follow_prerequisites();
        watches.follow_git();
        watches
    }

    /// What was made for Functions, and what others made of the same names.
    fn follow_children(&mut self) {
        let ours =
            || Config::default().labels(&format!("{}={}", owned_label::MANAGED_BY, owned_label::MANAGER));
        let children: [(CacheOf<Child>, ApiResource); 4] = [
            (|stores| &stores.config_maps, ApiResource::erase::<ConfigMap>(&())),
            (|stores| &stores.deployments, ApiResource::erase::<Deployment>(&())),
            (|stores| &stores.services, ApiResource::erase::<Service>(&())),
            (|stores| &stores.autoscalers, ApiResource::erase::<HorizontalPodAutoscaler>(&())),
        ];
        for (cache, resource) in children {
            let api = Api::<Object>::all_with(self.client.clone(), &resource);
            self.follow(api, ours(), cache, Child::of, |stores, told, change| {
                let child = change.after.or(change.before);
                stores.wake(told, &change.key.0, child.as_ref().map(|child| child.function.as_str()));
            });
        }
        let jobs = Api::<Object>::all_with(self.client.clone(), &ApiResource::erase::<Job>(&()));
        self.follow(
            jobs,
            ours(),
            |stores| &stores.jobs,
            BuildJob::of,
            |stores, told, change| {
                if let (Some(before), Some(after)) = (&change.before, &change.after)
                    && !before.differs(after)
                {
                    return;
                }
                let building = change.after.as_ref().filter(|job| job.is_building());
                let building = building.map(|job| job.owner.clone());
                // Nobody listens when the loop has ended.
                let _ = told.jobs.unbounded_send((change.key.clone(), building));
                let job = change.after.or(change.before);
                stores.wake(told, &change.key.0, job.as_ref().map(|job| job.owner.name.as_str()));
            },
        );
        let others =
            Config::default().labels(&format!("{}!={}", owned_label::MANAGED_BY, owned_label::MANAGER));
        let services = Api::<PartialObjectMeta<Service>>::all(self.client.clone());
        self.follow(
            services,
            others,
            |stores| &stores.other_services,
            Version::of,
            |stores, told, change| {
                if change.before.is_none() != change.after.is_none() {
                    stores.wake(told, &change.key.0, Some(&change.key.1));
                }
            },
        );
    }

    /// Runtimes and registries.
    fn follow_prerequisites(&mut self) {
        let runtimes = format!("{}={}", config_label::KEY, config_label::RUNTIME);
        let config_maps = Api::<ConfigMap>::all(self.client.clone());
        let runtimes = Config::default().labels(&runtimes);
        let configured = self.runtimes.clone();
        self.follow(
            config_maps,
            runtimes,
            |stores| &stores.runtimes,
            move |map| RuntimeMap::of(map).filter(|map| configured.contains(&map.runtime)),
            |stores, told, change| {
                stores.wake_namespace(told, &change.key.0);
            },
        );
        let accounts: [CacheOf<Version>; 2] =
            [|stores| &stores.build_accounts, |stores| &stores.function_accounts];
        for (cache, name) in accounts.into_iter().zip(self.stores.account_names.clone()) {
            let accounts = Api::<PartialObjectMeta<ServiceAccount>>::all(self.client.clone());
            let named = Config::default().fields(&format!("metadata.name={name}"));
            self.follow(accounts, named, cache, Version::of, |stores, told, change| {
                if change.before.is_none() != change.after.is_none() {
                    stores.wake_namespace(told, &change.key.0);
                }
            });
        }
        let registries: [(CacheOf<RegistrySecret>, &str); 2] = [
            (|stores| &stores.registries, registry_secret::NAME),
            (|stores| &stores.default_registries, registry_secret::DEFAULT_NAME),
        ];
        for (cache, name) in registries {
            let named = Config::default().fields(&format!("metadata.name={name}"));
            let secrets = Api::<Secret>::all(self.client.clone());
            self.follow(secrets, named, cache, RegistrySecret::of, |stores, told, change| {
                stores.wake_namespace(told, &change.key.0);
            });
        }
    }

    /// Repositories, and the Secrets that they may be read with.
    fn follow_git(&mut self) {
        let repositories = Api::<GitRepository>::all(self.client.clone());
        self.follow(
            repositories,
            Config::default(),
            |stores| &stores.repositories,
            Repository::of,
            |stores, told, change| {
                let (namespace, name) = &change.key;
                stores.wake_users_of(told, namespace, std::slice::from_ref(name));
            },
        );
        let secrets = Api::<PartialObjectMeta<Secret>>::all(self.client.clone());
        let config = Config::default().fields(OTHER_SECRETS);
        self.follow(
            secrets,
            config,
            |stores| &stores.secrets,
            Version::of,
            |stores, told, change| {
                stores.wake_users_of_secret(told, &change.key);
            },
        );
    }

    fn follow<K, T>(
        &mut self,
        api: Api<K>,
        config: Config,
        cache: CacheOf<T>,
        keep: impl Fn(&K) -> Option<T> + Send + Sync + 'static,
        changed: fn(&Stores, &Told, Change<T>),
    ) where
        K: Resource + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
        K::DynamicType: Send + Sync,
        T: Kept,
    {
        let (stores, told) = (Arc::clone(&self.stores), self.told.clone());
        self.tasks.spawn(async move {
            cache(&stores).follow(api, config, keep, |change| changed(&stores, &told, change)).await;
        });
    }
}

impl Stores {
    fn wake(&self, told: &Told, namespace: &str, name: Option<&str>) {
        let Some(name) = name else { return };
        let function = ObjectRef::new(name).within(namespace);
        if self.functions.get(&function).is_some() {
            // Nobody listens when the loop has ended.
            let _ = told.wake.unbounded_send(function);
        }
    }

    fn wake_namespace(&self, told: &Told, namespace: &str) {
        self.wake_those(told, namespace, |_| true);
    }

    /// Wakes the Functions whose source is in one of some repositories.
    fn wake_users_of(&self, told: &Told, namespace: &str, repositories: &[String]) {
        self.wake_those(told, namespace, |function| {
            repositories.iter().any(|repository| function.is_in(repository))
        });
    }

    fn wake_those(&self, told: &Told, namespace: &str, is_meant: impl Fn(&PackedFunction) -> bool) {
        for name in self.names.of(namespace) {
            let function = ObjectRef::new(&name).within(namespace);
            if self.functions.get(&function).is_some_and(|function| is_meant(&function)) {
                let _ = told.wake.unbounded_send(function);
            }
        }
    }

    /// Wakes the Functions whose repositories are read with a Secret.
    fn wake_users_of_secret(&self, told: &Told, (namespace, secret): &Key) {
        let repositories = self.repositories.group(namespace).into_iter().filter(|(_, repository)| {
            repository.spec.auth.as_ref().is_some_and(|auth| auth.secret_name == *secret)
        });
        let names: Vec<_> = repositories.map(|((_, name), _)| name).collect();
        if !names.is_empty() {
            self.wake_users_of(told, namespace, &names);
        }
    }
}
