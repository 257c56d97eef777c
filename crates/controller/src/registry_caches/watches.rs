//! What wakes a cache: its own objects, and the Secrets that it names. Only metadata is watched, and nothing is kept of it
//! but which caches a Secret names.

use std::sync::Arc;

use api::cache::RegistryCache;
use api::names::cache::USED_BY;
use api::names::image_registry::managed_label;
use api::names::registry::ROOT_CA;
use decide::Kind;
use decide::cache::instance::Instance;
use decide::cache::sync;
use kube::runtime::reflector::ObjectRef;
use kube::runtime::watcher::Config;
use kube::{Api, Client, ResourceExt as _};
use tokio::task::JoinSet;

use super::caches::RegistryCaches;
use crate::base_namespace::named;
use crate::secrets::OTHER_TYPES;
use crate::touched::{AnyObject, follow};

/// The kinds of its objects that others do not write for it.
const MADE: [Kind; 7] = [
    Kind::NetworkPolicy,
    Kind::PodDisruptionBudget,
    Kind::Role,
    Kind::RoleBinding,
    Kind::Service,
    Kind::ServiceAccount,
    Kind::StatefulSet,
];

/// Starts all watches; `namespace` is that of the controller.
pub(super) fn start(caches: &Arc<RegistryCaches>, client: &Client, namespace: &str) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let base = &caches.config.namespace;
    let made = Config::default().labels(&format!("{}={}", managed_label::KEY, managed_label::VALUE));
    let made = MADE.map(|kind| (kind, base, made.clone()));
    let mut watches = made.to_vec();
    watches.push((Kind::Secret, base, Config::default().fields(OTHER_TYPES)));
    let namespace = namespace.to_owned();
    if namespace != *base {
        watches.push((Kind::Secret, &namespace, named(ROOT_CA)));
    }
    for (kind, namespace, config) in watches {
        let api = Api::<AnyObject>::namespaced_with(client.clone(), namespace, &kind.resource());
        let caches = Arc::clone(caches);
        tasks.spawn(async move { follow(kind, api, config, |object| caches.changed(kind, object)).await });
    }
    let noting = Arc::clone(caches);
    tasks.spawn(async move { noting.follow_uses().await });
    tasks
}

impl RegistryCaches {
    fn changed(&self, kind: Kind, object: &AnyObject) {
        let name = object.name_any();
        let is_root = kind == Kind::Secret && name == ROOT_CA;
        if kind == Kind::Secret && !is_root {
            self.uses.seen(&name, object.annotations().get(USED_BY).map(String::as_str));
        }
        for cache in self.store.state() {
            if is_root || self.concerns(&cache, kind, &name, object) {
                // Nobody listens when the loop has ended.
                let _ = self.wake.unbounded_send(ObjectRef::from_obj(&*cache));
            }
        }
    }

    /// By its name: whoever may change an object may change its labels.
    fn concerns(&self, cache: &RegistryCache, kind: Kind, name: &str, object: &AnyObject) -> bool {
        let Some(instance) = Instance::of(&self.config, cache) else { return false };
        let is_named = match kind {
            Kind::Secret => {
                [instance.secret(), instance.remote_ca_secret()].contains(&Some(name))
                    || name.starts_with(&instance.resource)
            }
            _ => sync::names(&instance).iter().any(|known| known.0 == kind && known.1 == name),
        };
        is_named || object.owner_references().iter().any(|owner| owner.uid == instance.uid)
    }
}
