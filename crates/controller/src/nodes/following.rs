//! What registries in the cluster and pull-through caches share on their way to nodes.

use cluster::{Cache, Change, Presence};
use decide::nodes::compose::{Composed, Source};
use k8s_openapi::api::core::v1::Secret;
use kube::api::PartialObjectMeta;
use kube::runtime::watcher::Config as WatcherConfig;
use kube::{Api, Client};
use process::certificates::Certificate;

use crate::base_namespace::Wake;
use crate::secrets::OTHER_TYPES;

/// Wakes when one of the Secrets of a namespace changes that hold certificates.
pub(super) async fn follow_certificates(
    client: Client,
    namespace: String,
    holds_one: impl Fn(&str) -> bool + Send + Sync + 'static,
    wake: Wake,
) {
    let api = Api::<PartialObjectMeta<Secret>>::namespaced(client, &namespace);
    let changed = move |change: Change<Presence>| {
        if holds_one(&change.key.1) {
            wake.wake();
        }
    };
    Cache::default().follow(api, WatcherConfig::default().fields(OTHER_TYPES), Presence::of, changed).await;
}

/// What is composed of owners whose names begin so. It stays until the watch has shown them.
pub(super) fn awaited(present: Option<&Composed>, prefix: &str) -> Vec<Source> {
    let owners = present.into_iter().flat_map(|present| present.owners.values());
    let known = owners.filter(|owner| owner.starts_with(prefix));
    known.map(|name| Source { name: name.clone(), registries: None }).collect()
}

/// The data of a key; none if it is absent.
pub(super) fn value<'a>(secret: &'a Secret, key: &str) -> &'a [u8] {
    secret.data.as_ref().and_then(|data| data.get(key)).map_or(&[][..], |value| &value.0)
}

/// The authorities in a bundle. Only whole certificates: anything else in it would make the files of nodes unreadable.
pub(super) fn authorities(bundle: &[u8]) -> String {
    Certificate::all(bundle).iter().map(Certificate::to_pem).collect()
}
