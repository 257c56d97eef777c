//! What wakes a registry: its own objects, and the Secrets and the ConfigMap that it names. Only metadata is watched, and
//! nothing is kept of it.

use std::sync::Arc;

use api::names::image_registry::managed_label;
use api::names::registry::ROOT_CA;
use api::registry::ImageRegistry;
use decide::Kind;
use decide::registry::instance::Instance;
use decide::registry::sync;
use futures::channel::mpsc::UnboundedSender;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::watcher::Config;
use kube::{Api, Client, ResourceExt as _};
use tokio::task::JoinSet;

use super::registries::ImageRegistries;
use crate::secrets::OTHER_TYPES;
use crate::touched::{AnyObject, follow};

type Wake = UnboundedSender<ObjectRef<ImageRegistry>>;

/// The kinds of its objects that others do not write for it.
const MADE: [Kind; 9] = [
    Kind::Certificate,
    Kind::NetworkPolicy,
    Kind::PersistentVolumeClaim,
    Kind::PodDisruptionBudget,
    Kind::Role,
    Kind::RoleBinding,
    Kind::Service,
    Kind::ServiceAccount,
    Kind::StatefulSet,
];

/// Starts all watches.
pub(super) fn start(
    registries: &Arc<ImageRegistries>,
    client: &Client,
    store: &Store<ImageRegistry>,
    wake: &Wake,
) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let made = Config::default().labels(&format!("{}={}", managed_label::KEY, managed_label::VALUE));
    let made = MADE.map(|kind| (kind, made.clone()));
    let any = [(Kind::ConfigMap, Config::default()), (Kind::Secret, Config::default().fields(OTHER_TYPES))];
    for (kind, config) in made.into_iter().chain(any) {
        let api = Api::<AnyObject>::all_with(client.clone(), &kind.resource());
        let (registries, store, wake) = (Arc::clone(registries), store.clone(), wake.clone());
        tasks.spawn(async move {
            let changed = |object: &AnyObject| {
                for registry in registries.concerned(kind, object, &store) {
                    // Nobody listens when the loop has ended.
                    let _ = wake.unbounded_send(registry);
                }
            };
            follow(kind, api, config, changed).await;
        });
    }
    tasks
}

impl ImageRegistries {
    /// The registries that an object concerns.
    fn concerned(
        &self,
        kind: Kind,
        object: &AnyObject,
        store: &Store<ImageRegistry>,
    ) -> Vec<ObjectRef<ImageRegistry>> {
        let (name, namespace) = (object.name_any(), object.namespace().unwrap_or_default());
        let is_root = kind == Kind::Secret && name == ROOT_CA && namespace == self.namespace;
        let concerns = |registry: &ImageRegistry| {
            let Some(instance) = Instance::of(&self.config, registry) else { return false };
            let is_named = || match kind {
                Kind::Secret => [instance.tls_secret(), instance.authority_secret()].contains(&name),
                Kind::ConfigMap => instance.rules_map() == Some(&name),
                _ => false,
            };
            // By their names: whoever may change an object may change its labels.
            let is_made = || sync::names(&instance).contains(&(kind, name.clone()));
            is_root || instance.namespace == namespace && (is_named() || is_made())
        };
        let registries = store.state().into_iter().filter(|registry| concerns(registry));
        registries.map(|registry| ObjectRef::from_obj(&*registry)).collect()
    }
}
