//! The caches of copied objects, of their copies and of namespaces.

use std::sync::Arc;

use api::names::{copy_mark, owned_label};
use cluster::{Cache, InNamespace, Object, Presence, key};
use decide::copies::{Base, CopiedKind, Replica, State};
use decide::plan::Wanted;
use futures::channel::mpsc::UnboundedSender;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::api::PartialObjectMeta;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::watcher::Config as WatcherConfig;
use kube::{Api, Client, Resource as _};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::secrets::OTHER_TYPES;

/// A namespace, of which only the metadata is cached.
pub(super) type AnyNamespace = PartialObjectMeta<Namespace>;

/// One value for each kind.
#[derive(Default)]
struct ByKind<T> {
    config_maps: T,
    secrets: T,
    service_accounts: T,
    roles: T,
    role_bindings: T,
}

impl<T> ByKind<T> {
    fn of(&self, kind: CopiedKind) -> &T {
        match kind {
            CopiedKind::ConfigMap => &self.config_maps,
            CopiedKind::Secret => &self.secrets,
            CopiedKind::ServiceAccount => &self.service_accounts,
            CopiedKind::Role => &self.roles,
            CopiedKind::RoleBinding => &self.role_bindings,
        }
    }
}

/// The stores.
pub(super) struct Stores {
    pub(super) base_namespace: String,
    pub(super) namespaces: Store<AnyNamespace>,
    bases: ByKind<Cache<InNamespace<Base>>>,
    copies: ByKind<Cache<InNamespace<Replica>>>,
    /// Secrets that the users of their namespace manage.
    kept_by_users: Cache<Presence>,
}

impl Stores {
    pub(super) fn new(base_namespace: &str, namespaces: Store<AnyNamespace>) -> Self {
        Self {
            base_namespace: base_namespace.to_owned(),
            namespaces,
            bases: ByKind::default(),
            copies: ByKind::default(),
            kept_by_users: Cache::default(),
        }
    }

    /// Watches all of these objects until the returned set is dropped. A change wakes the namespaces that it affects.
    pub(super) fn follow(
        self: &Arc<Self>,
        client: &Client,
        woken: &UnboundedSender<ObjectRef<AnyNamespace>>,
    ) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        for kind in CopiedKind::ALL {
            let (label, value) = kind.label();
            let labelled = WatcherConfig::default().labels(&format!("{label}={value}"));
            // An object that has lost its label may still have copies to delete.
            let of_base = match kind {
                CopiedKind::Secret => WatcherConfig::default().fields(OTHER_TYPES),
                _ => labelled.clone(),
            };
            let bases =
                Api::<Object>::namespaced_with(client.clone(), &self.base_namespace, &kind.kind().resource());
            let (stores, wake) = (Arc::clone(self), woken.clone());
            tasks.spawn(async move {
                let keep = |object: &Object| {
                    InNamespace::of(object.meta(), || Base::of(kind, object.meta(), || object.value().ok()))
                };
                stores.bases.of(kind).follow(bases, of_base, keep, |_| stores.wake_all(&wake)).await;
            });
            let copies = Api::<Object>::all_with(client.clone(), &kind.kind().resource());
            let (stores, wake) = (Arc::clone(self), woken.clone());
            tasks.spawn(async move {
                // Copies are compared with their base objects as they arrive, so those are listed first.
                stores.bases.of(kind).ready().await;
                let keep = |object: &Object| stores.judge(kind, object);
                stores
                    .copies
                    .of(kind)
                    .follow(copies, labelled, keep, |change| wake_one(&wake, &change.key.0))
                    .await;
            });
        }
        let kept = format!("{}={}", owned_label::MANAGED_BY, copy_mark::KEPT_BY_USER);
        let secrets = Api::<PartialObjectMeta<Secret>>::all(client.clone());
        let (stores, wake) = (Arc::clone(self), woken.clone());
        tasks.spawn(async move {
            let labelled = WatcherConfig::default().labels(&kept);
            stores
                .kept_by_users
                .follow(secrets, labelled, Presence::of, |change| wake_one(&wake, &change.key.0))
                .await;
        });
        tasks
    }

    /// Waits until everything has been seen once.
    pub(super) async fn ready(&self) {
        for kind in CopiedKind::ALL {
            self.bases.of(kind).ready().await;
            self.copies.of(kind).ready().await;
        }
        self.kept_by_users.ready().await;
    }

    /// The copies in a namespace that are missing or out of date.
    pub(super) fn missing(&self, kind: CopiedKind, namespace: &str) -> Vec<Wanted> {
        let bases = self.bases.of(kind).group(&self.base_namespace);
        let missing = |name: &str, base: &Base| {
            let State::Live(template) = &base.state else { return None };
            let key = (namespace.to_owned(), name.to_owned());
            let copy = self.copies.of(kind).get(&key);
            let is_right = copy.is_some_and(|copy| {
                let Replica { is_of, is_kept_by_user, .. } = &copy.value;
                *is_kept_by_user || is_of.as_ref().is_some_and(|mark| *mark == template.mark)
            });
            let is_theirs = kind == CopiedKind::Secret && self.kept_by_users.get(&key).is_some();
            (!is_right && !is_theirs).then(|| Wanted {
                kind: kind.kind(),
                namespace: namespace.to_owned(),
                name: name.to_owned(),
                object: template.copy(kind, namespace),
            })
        };
        bases.iter().filter_map(|((_, name), base)| missing(name, &base.value)).collect()
    }

    /// Whether an object has the name and the labels of a copy.
    pub(super) fn is_there(&self, kind: CopiedKind, namespace: &str, name: &str) -> bool {
        self.copies.of(kind).get(&(namespace.to_owned(), name.to_owned())).is_some()
    }

    /// Copies of Secrets in a namespace whose base Secret is deleted, or is being deleted.
    pub(super) fn orphans(&self, namespace: &str) -> Vec<String> {
        let copies = self.copies.of(CopiedKind::Secret).group(namespace).into_iter();
        copies
            .filter(|((_, name), copy)| {
                copy.value.is_ours && !copy.value.is_kept_by_user && !self.is_live(name)
            })
            .map(|((_, name), _)| name)
            .collect()
    }

    /// The Secrets of the base namespace that need work, by name.
    pub(super) fn unsettled(&self) -> Vec<(String, Arc<InNamespace<Base>>)> {
        let bases = self.bases.of(CopiedKind::Secret).group(&self.base_namespace).into_iter();
        bases
            .filter(|(_, base)| !matches!(base.value.state, State::Live(_)))
            .map(|((_, name), base)| (name, base))
            .collect()
    }

    /// The Secrets of the base namespace with the finalizer, by name, each with the patch that removes it.
    pub(super) fn held(&self) -> Vec<(String, Value)> {
        let bases = self.bases.of(CopiedKind::Secret).group(&self.base_namespace).into_iter();
        bases.filter_map(|((_, name), base)| Some((name, base.value.release.clone()?))).collect()
    }

    /// Whether the base namespace is being deleted.
    pub(super) fn is_terminating(&self) -> bool {
        let base = self.namespaces.get(&ObjectRef::new(&self.base_namespace));
        base.is_some_and(|namespace| namespace.metadata.deletion_timestamp.is_some())
    }

    /// The namespaces that still have a copy of a Secret, except those that get no copies.
    pub(super) fn have(&self, secret: &str, is_served: impl Fn(&AnyNamespace) -> bool) -> Vec<String> {
        let namespaces = self.namespaces.state();
        let served = namespaces.iter().filter(|namespace| is_served(namespace));
        served
            .filter_map(|namespace| namespace.metadata.name.clone())
            .filter(|namespace| self.orphans(namespace).iter().any(|name| name == secret))
            .collect()
    }

    /// Caches the API server's answer to a write. Returns whether it is the right copy.
    pub(super) fn written(&self, kind: CopiedKind, object: &Object) -> bool {
        let Some(copy) = self.judge(kind, object) else { return false };
        let is_right = copy.value.is_of.is_some();
        let version = object.meta().resource_version.as_deref();
        self.copies.of(kind).answered(key(object), version, copy);
        is_right
    }

    fn judge(&self, kind: CopiedKind, object: &Object) -> Option<InNamespace<Replica>> {
        let (_, name) = key(object);
        let base = self.bases.of(kind).get(&(self.base_namespace.clone(), name));
        let base = base.as_ref().map(|base| &base.value);
        let judge = || Replica::of(kind, object.meta(), || object.value().ok(), &self.base_namespace, base);
        InNamespace::of(object.meta(), judge)
    }

    fn is_live(&self, secret: &str) -> bool {
        let base = self.bases.of(CopiedKind::Secret).get(&(self.base_namespace.clone(), secret.to_owned()));
        base.is_some_and(|base| !matches!(base.value.state, State::Leaving))
    }

    fn wake_all(&self, wake: &UnboundedSender<ObjectRef<AnyNamespace>>) {
        for namespace in self.namespaces.state() {
            wake_one(wake, namespace.metadata.name.as_deref().unwrap_or_default());
        }
    }
}

fn wake_one(wake: &UnboundedSender<ObjectRef<AnyNamespace>>, namespace: &str) {
    // After the end of the loop, nobody receives it.
    let _ = wake.unbounded_send(ObjectRef::new(namespace));
}
