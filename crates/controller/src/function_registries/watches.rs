//! What says which namespaces need a registry for their Functions: Functions, registry Secrets and push secrets. A change
//! wakes its namespace alone.

use std::fmt::Debug;
use std::sync::Arc;

use api::Function;
use api::names::registry_secret;
use api::registry::{ImagePushSecret, ImageRegistry};
use cluster::{Cache, Change, InNamespace, Presence};
use decide::Key;
use decide::registry::for_functions::{Observed, PushSecret, is_chosen};
use futures::channel::mpsc::UnboundedSender;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::api::PartialObjectMeta;
use kube::runtime::reflector::ObjectRef;
use kube::runtime::watcher::Config;
use kube::{Api, Client, Resource, ResourceExt as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::task::JoinSet;

/// A namespace.
pub(super) type AnyNamespace = PartialObjectMeta<Namespace>;

type PresenceOf = fn(&Sources) -> &Cache<Presence>;
type Wake = UnboundedSender<ObjectRef<AnyNamespace>>;

/// The caches.
#[derive(Default)]
pub(super) struct Sources {
    functions: Cache<Presence>,
    /// Registry Secrets that somebody has chosen.
    secrets: Cache<Presence>,
    default_secrets: Cache<Presence>,
    push_secrets: Cache<InNamespace<PushSecret>>,
    /// The registry of Functions.
    pub(super) registries: Cache<InNamespace<Value>>,
}

impl Sources {
    pub(super) async fn ready(&self) {
        tokio::join!(
            self.functions.ready(),
            self.secrets.ready(),
            self.default_secrets.ready(),
            self.push_secrets.ready(),
            self.registries.ready(),
        );
    }

    pub(super) fn observe(&self, namespace: &str) -> Observed {
        let has = |cache: &Cache<Presence>| !cache.group(namespace).is_empty();
        let push_secrets = self.push_secrets.group(namespace);
        Observed {
            has_functions: has(&self.functions),
            has_secret: has(&self.secrets) || has(&self.default_secrets),
            push_secrets: push_secrets.iter().map(|(_, secret)| secret.value.clone()).collect(),
        }
    }

    /// Follows everything, and wakes the namespaces of what changes.
    pub(super) fn follow(self: &Arc<Self>, client: &Client, registry: &Key, wake: &Wake) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        let named = |name: &str| Config::default().fields(&format!("metadata.name={name}"));
        let functions = Api::<PartialObjectMeta<Function>>::all(client.clone());
        self.start(
            &mut tasks,
            wake,
            functions,
            Config::default(),
            |sources| &sources.functions,
            Presence::of,
        );
        let secrets: [(PresenceOf, &str); 2] = [
            (|sources| &sources.secrets, registry_secret::NAME),
            (|sources| &sources.default_secrets, registry_secret::DEFAULT_NAME),
        ];
        for (cache, name) in secrets {
            let api = Api::<PartialObjectMeta<Secret>>::all(client.clone());
            let keep = |secret: &PartialObjectMeta<Secret>| {
                is_chosen(&secret.metadata).then(|| Presence::of(secret)).flatten()
            };
            self.start(&mut tasks, wake, api, named(name), cache, keep);
        }
        let push_secrets = Api::<ImagePushSecret>::all(client.clone());
        let keep = |secret: &ImagePushSecret| {
            InNamespace::of(&secret.metadata, || {
                // One that waits for its finalizers is no registry any more.
                let is_live = secret.metadata.deletion_timestamp.is_none();
                Some(PushSecret {
                    name: secret.name_any(),
                    for_functions: is_live && secret.spec.for_functions.unwrap_or_default(),
                    stored: stored(secret),
                })
            })
        };
        self.start(&mut tasks, wake, push_secrets, Config::default(), |sources| &sources.push_secrets, keep);
        let (namespace, name) = registry;
        let registries = Api::<ImageRegistry>::namespaced(client.clone(), namespace);
        let keep = |registry: &ImageRegistry| InNamespace::of(&registry.metadata, || Some(stored(registry)));
        self.start(&mut tasks, wake, registries, named(name), |sources| &sources.registries, keep);
        tasks
    }

    fn start<K, T>(
        self: &Arc<Self>,
        tasks: &mut JoinSet<()>,
        wake: &Wake,
        api: Api<K>,
        config: Config,
        cache: fn(&Self) -> &Cache<T>,
        keep: impl Fn(&K) -> Option<T> + Send + Sync + 'static,
    ) where
        K: Resource + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
        K::DynamicType: Send + Sync,
        T: cluster::Cached,
    {
        let (sources, wake) = (Arc::clone(self), wake.clone());
        tasks.spawn(async move {
            let changed = |change: Change<T>| {
                // Nobody listens when the loop has ended.
                let _ = wake.unbounded_send(ObjectRef::new(&change.key.0));
            };
            cache(&sources).follow(api, config, keep, changed).await;
        });
    }
}

/// What is compared of a stored object: not its status, which changes often.
fn stored(object: &impl Serialize) -> Value {
    let mut value = serde_json::to_value(object).unwrap_or_default();
    if let Some(fields) = value.as_object_mut() {
        fields.remove("status");
        if let Some(metadata) = fields.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.remove("managedFields");
        }
    }
    value
}
