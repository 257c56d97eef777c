//! The watches: what is followed, and which Functions a change matters to.

use std::fmt::Debug;
use std::sync::Arc;

use api::GitRepository;
use api::names::{config_label, owned_label, registry_secret};
use cluster::{Cache, Cached, Change, InNamespace, Object, Presence};
use decide::Kind;
use decide::function::RuntimeMap;
use k8s_openapi::api::core::v1::{ConfigMap, Pod, Secret, Service, ServiceAccount};
use kube::api::PartialObjectMeta;
use kube::runtime::watcher::Config;
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;
use tokio::task::JoinSet;

use super::cached::{CachedJob, CachedRegistry, Child, JOB_NAME, RunningPod};
use super::channels::Channels;
use super::repository::Repository;
use super::stores::Stores;
use crate::secrets::OTHER_TYPES;

type CacheOf<T> = fn(&Stores) -> &Cache<T>;

/// The watches of a controller; they end with it.
pub(super) struct Watches {
    stores: Arc<Stores>,
    client: Client,
    channels: Channels,
    tasks: JoinSet<()>,
}

impl Watches {
    pub(super) fn start(stores: &Arc<Stores>, client: &Client, channels: &Channels) -> Self {
        let (stores, client, channels) = (Arc::clone(stores), client.clone(), channels.clone());
        let mut watches = Self { stores, client, channels, tasks: JoinSet::new() };
        watches.follow_children();
        watches.follow_prerequisites();
        watches.follow_git();
        watches
    }

    /// What was made for Functions, and what others made of the same names.
    fn follow_children(&mut self) {
        let ours =
            || Config::default().labels(&format!("{}={}", owned_label::MANAGED_BY, owned_label::MANAGER));
        let children: [(CacheOf<Child>, Kind); 4] = [
            (|stores| &stores.config_maps, Kind::ConfigMap),
            (|stores| &stores.deployments, Kind::Deployment),
            (|stores| &stores.services, Kind::Service),
            (|stores| &stores.autoscalers, Kind::HorizontalPodAutoscaler),
        ];
        for (cache, kind) in children {
            let api = Api::<Object>::all_with(self.client.clone(), &kind.resource());
            self.follow(api, ours(), cache, Child::of, Channels::child);
        }
        let jobs = Api::<Object>::all_with(self.client.clone(), &Kind::Job.resource());
        self.follow(jobs, ours(), |stores| &stores.jobs, CachedJob::of, Channels::job);
        let running = ours()
            .labels(&format!("{}={},{JOB_NAME}", owned_label::MANAGED_BY, owned_label::MANAGER))
            .fields("status.phase=Running");
        let pods = Api::<PartialObjectMeta<Pod>>::all(self.client.clone());
        self.follow(pods, running, |stores| &stores.running_pods, RunningPod::of, Channels::running_pod);
        let others =
            Config::default().labels(&format!("{}!={}", owned_label::MANAGED_BY, owned_label::MANAGER));
        let services = Api::<PartialObjectMeta<Service>>::all(self.client.clone());
        self.follow(
            services,
            others,
            |stores| &stores.other_services,
            Presence::of,
            Channels::service_of_others,
        );
    }

    /// Runtimes and registries.
    fn follow_prerequisites(&mut self) {
        let runtimes = format!("{}={}", config_label::KEY, config_label::RUNTIME);
        let config_maps = Api::<ConfigMap>::all(self.client.clone());
        self.follow(
            config_maps,
            Config::default().labels(&runtimes),
            |stores| &stores.runtimes,
            |map| InNamespace::of(&map.metadata, || RuntimeMap::of(map)),
            Channels::runtime,
        );
        let accounts: [CacheOf<Presence>; 2] =
            [|stores| &stores.build_accounts, |stores| &stores.function_accounts];
        for (cache, name) in accounts.into_iter().zip(self.stores.account_names.clone()) {
            let accounts = Api::<PartialObjectMeta<ServiceAccount>>::all(self.client.clone());
            let named = Config::default().fields(&format!("metadata.name={name}"));
            self.follow(accounts, named, cache, Presence::of, Channels::account);
        }
        let registries: [(CacheOf<CachedRegistry>, &str); 2] = [
            (|stores| &stores.registries, registry_secret::NAME),
            (|stores| &stores.default_registries, registry_secret::DEFAULT_NAME),
        ];
        for (cache, name) in registries {
            let named = Config::default().fields(&format!("metadata.name={name}"));
            let secrets = Api::<Secret>::all(self.client.clone());
            self.follow(secrets, named, cache, CachedRegistry::of, Channels::prerequisite);
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
            Channels::repository,
        );
        let secrets = Api::<PartialObjectMeta<Secret>>::all(self.client.clone());
        let config = Config::default().fields(OTHER_TYPES);
        self.follow(secrets, config, |stores| &stores.secrets, Presence::of, Channels::git_secret);
    }

    fn follow<K, T>(
        &mut self,
        api: Api<K>,
        config: Config,
        cache: CacheOf<T>,
        keep: impl Fn(&K) -> Option<T> + Send + Sync + 'static,
        changed: fn(&Channels, &Stores, &Change<T>),
    ) where
        K: Resource + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
        K::DynamicType: Send + Sync,
        T: Cached,
    {
        let (stores, channels) = (Arc::clone(&self.stores), self.channels.clone());
        self.tasks.spawn(async move {
            cache(&stores).follow(api, config, keep, |change| changed(&channels, &stores, &change)).await;
        });
    }
}
