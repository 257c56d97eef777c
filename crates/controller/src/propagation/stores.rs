//! What is known of the objects that are copied, of their copies and of the namespaces.

use std::sync::Arc;

use api::names::{copy_mark, owned_label};
use futures::channel::mpsc::UnboundedSender;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::api::PartialObjectMeta;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::watcher::Config as WatcherConfig;
use kube::{Api, Client};
use serde_json::Value;
use tokio::task::JoinSet;

use super::kept::{Base, Copy, State};
use super::sort::Sort;
use crate::object::Object;
use crate::stores::cache::{Cache, key};
use crate::stores::kept::Version;
use crate::stores::watches::OTHER_SECRETS;

/// A namespace, of which the name and the end matter.
pub(super) type AnyNamespace = PartialObjectMeta<Namespace>;

/// One of each sort.
#[derive(Default)]
struct BySort<T> {
    config_maps: T,
    secrets: T,
    service_accounts: T,
    roles: T,
    role_bindings: T,
}

impl<T> BySort<T> {
    fn of(&self, sort: Sort) -> &T {
        match sort {
            Sort::ConfigMap => &self.config_maps,
            Sort::Secret => &self.secrets,
            Sort::ServiceAccount => &self.service_accounts,
            Sort::Role => &self.roles,
            Sort::RoleBinding => &self.role_bindings,
        }
    }
}

/// The stores.
pub(super) struct Stores {
    pub(super) base_namespace: String,
    pub(super) namespaces: Store<AnyNamespace>,
    bases: BySort<Cache<Base>>,
    copies: BySort<Cache<Copy>>,
    /// Secrets that belong to the users of their namespace.
    kept_by_users: Cache<Version>,
}

impl Stores {
    pub(super) fn new(base_namespace: &str, namespaces: Store<AnyNamespace>) -> Self {
        Self {
            base_namespace: base_namespace.to_owned(),
            namespaces,
            bases: BySort::default(),
            copies: BySort::default(),
            kept_by_users: Cache::default(),
        }
    }

    /// Follows all of it, for as long as what is returned lives. Whom a change matters to is woken.
    pub(super) fn follow(
        self: &Arc<Self>,
        client: &Client,
        wake: &UnboundedSender<ObjectRef<AnyNamespace>>,
    ) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        for sort in Sort::ALL {
            let (label, value) = sort.label();
            let labelled = WatcherConfig::default().labels(&format!("{label}={value}"));
            // One that has lost its label still has copies to take away.
            let of_base = match sort {
                Sort::Secret => WatcherConfig::default().fields(OTHER_SECRETS),
                _ => labelled.clone(),
            };
            let bases =
                Api::<Object>::namespaced_with(client.clone(), &self.base_namespace, &sort.resource());
            let (stores, told) = (Arc::clone(self), wake.clone());
            tasks.spawn(async move {
                let keep = |object: &Object| Base::of(sort, object);
                stores.bases.of(sort).follow(bases, of_base, keep, |_| stores.wake_all(&told)).await;
            });
            let copies = Api::<Object>::all_with(client.clone(), &sort.resource());
            let (stores, told) = (Arc::clone(self), wake.clone());
            tasks.spawn(async move {
                // Copies are judged as they come.
                stores.bases.of(sort).ready().await;
                let keep = |object: &Object| stores.judge(sort, object);
                stores
                    .copies
                    .of(sort)
                    .follow(copies, labelled, keep, |change| told_of(&told, &change.key.0))
                    .await;
            });
        }
        let kept = format!("{}={}", owned_label::MANAGED_BY, copy_mark::KEPT_BY_USER);
        let secrets = Api::<PartialObjectMeta<Secret>>::all(client.clone());
        let (stores, told) = (Arc::clone(self), wake.clone());
        tasks.spawn(async move {
            let labelled = WatcherConfig::default().labels(&kept);
            let wake = |namespace: &str| told_of(&told, namespace);
            stores.kept_by_users.follow(secrets, labelled, Version::of, |change| wake(&change.key.0)).await;
        });
        tasks
    }

    /// Waits until everything has been seen once.
    pub(super) async fn ready(&self) {
        for sort in Sort::ALL {
            self.bases.of(sort).ready().await;
            self.copies.of(sort).ready().await;
        }
        self.kept_by_users.ready().await;
    }

    /// The copies that a namespace is to have, and has not, or not as they are to be.
    pub(super) fn missing(&self, sort: Sort, namespace: &str) -> Vec<Value> {
        let bases = self.bases.of(sort).group(&self.base_namespace);
        let missing = |name: &str, base: &Base| {
            let State::Live(template) = &base.state else { return None };
            let key = (namespace.to_owned(), name.to_owned());
            let copy = self.copies.of(sort).get(&key);
            let is_right = copy.as_ref().is_some_and(|copy| {
                copy.is_kept_by_user || copy.is_of.as_ref().is_some_and(|mark| *mark == template.mark)
            });
            let is_theirs = sort == Sort::Secret && self.kept_by_users.get(&key).is_some();
            (!is_right && !is_theirs).then(|| template.copy(sort, namespace))
        };
        bases.iter().filter_map(|((_, name), base)| missing(name, base)).collect()
    }

    /// Whether there is something of the name of a copy, with the labels of one.
    pub(super) fn is_there(&self, sort: Sort, namespace: &str, name: &str) -> bool {
        self.copies.of(sort).get(&(namespace.to_owned(), name.to_owned())).is_some()
    }

    /// Copies of Secrets in a namespace of which the Secret is not there any more, or is to go.
    pub(super) fn orphans(&self, namespace: &str) -> Vec<String> {
        let copies = self.copies.of(Sort::Secret).group(namespace).into_iter();
        copies
            .filter(|((_, name), copy)| copy.is_ours && !copy.is_kept_by_user && !self.is_live(name))
            .map(|((_, name), _)| name)
            .collect()
    }

    /// The Secrets of the base namespace that something has to be done for, by name.
    pub(super) fn unsettled(&self) -> Vec<(String, Arc<Base>)> {
        let bases = self.bases.of(Sort::Secret).group(&self.base_namespace).into_iter();
        bases
            .filter(|(_, base)| !matches!(base.state, State::Live(_)))
            .map(|((_, name), base)| (name, base))
            .collect()
    }

    /// The Secrets of the base namespace with the finalizer, by name, each with the patch that removes it.
    pub(super) fn held(&self) -> Vec<(String, Value)> {
        let bases = self.bases.of(Sort::Secret).group(&self.base_namespace).into_iter();
        bases.filter_map(|((_, name), base)| Some((name, base.release.clone()?))).collect()
    }

    /// Whether the base namespace is being deleted.
    pub(super) fn is_terminating(&self) -> bool {
        let base = self.namespaces.get(&ObjectRef::new(&self.base_namespace));
        base.is_some_and(|namespace| namespace.metadata.deletion_timestamp.is_some())
    }

    /// The namespaces that still have a copy of a Secret, but for those where nothing is copied.
    pub(super) fn have(&self, secret: &str, is_served: impl Fn(&AnyNamespace) -> bool) -> Vec<String> {
        let namespaces = self.namespaces.state();
        let served = namespaces.iter().filter(|namespace| is_served(namespace));
        served
            .filter_map(|namespace| namespace.metadata.name.clone())
            .filter(|namespace| self.orphans(namespace).iter().any(|name| name == secret))
            .collect()
    }

    /// Stores what the API server answers to a write. Whether it is the right copy.
    pub(super) fn written(&self, sort: Sort, object: &Object) -> bool {
        let Some(copy) = self.judge(sort, object) else { return false };
        let is_right = copy.is_of.is_some();
        let version = kube::Resource::meta(object).resource_version.as_deref();
        self.copies.of(sort).answered(key(object), version, copy);
        is_right
    }

    fn judge(&self, sort: Sort, object: &Object) -> Option<Copy> {
        let (_, name) = key(object);
        let base = self.bases.of(sort).get(&(self.base_namespace.clone(), name));
        Copy::of(sort, object, &self.base_namespace, base.as_deref())
    }

    fn is_live(&self, secret: &str) -> bool {
        let base = self.bases.of(Sort::Secret).get(&(self.base_namespace.clone(), secret.to_owned()));
        base.is_some_and(|base| !matches!(base.state, State::Leaving))
    }

    fn wake_all(&self, wake: &UnboundedSender<ObjectRef<AnyNamespace>>) {
        for namespace in self.namespaces.state() {
            told_of(wake, namespace.metadata.name.as_deref().unwrap_or_default());
        }
    }
}

fn told_of(wake: &UnboundedSender<ObjectRef<AnyNamespace>>, namespace: &str) {
    // Nobody listens when the loop has ended.
    let _ = wake.unbounded_send(ObjectRef::new(namespace));
}
