//! What wakes build environments: their Secrets, and the objects that they become. Nothing of them is cached.

use std::fmt::Debug;

use api::names::registry::build_env_label;
use api::registry::ImageBuildEnv;
use cluster::PAGE;
use decide::Kind;
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Secret, Service};
use kube::api::PartialObjectMeta;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::watcher::Config as WatcherConfig;
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, Client, Resource, ResourceExt as _};
use serde::de::DeserializeOwned;
use tokio::task::JoinSet;

use super::observe::asked;
use crate::secrets::OTHER_TYPES;

/// Starts the watches, which end when the set is dropped. Returns what they wake, too.
pub(super) fn start(
    client: &Client,
    known: &Store<ImageBuildEnv>,
) -> (JoinSet<()>, UnboundedReceiver<ObjectRef<ImageBuildEnv>>) {
    let (wake, woken) = unbounded();
    let mut tasks = JoinSet::new();
    let waking = |kind| Waking { kind, known: known.clone(), wake: wake.clone() };
    let secrets = WatcherConfig::default().fields(OTHER_TYPES);
    let ours =
        || WatcherConfig::default().labels(&format!("{}={}", build_env_label::KEY, build_env_label::VALUE));
    tasks.spawn(waking(Kind::Secret).follow::<Secret>(client.clone(), secrets));
    tasks.spawn(waking(Kind::Service).follow::<Service>(client.clone(), ours()));
    tasks.spawn(waking(Kind::Deployment).follow::<Deployment>(client.clone(), ours()));
    (tasks, woken)
}

struct Waking {
    kind: Kind,
    known: Store<ImageBuildEnv>,
    wake: UnboundedSender<ObjectRef<ImageBuildEnv>>,
}

impl Waking {
    async fn follow<K>(self, client: Client, config: WatcherConfig)
    where
        K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + 'static,
        PartialObjectMeta<K>: Resource<DynamicType = ()>,
    {
        let api = Api::<PartialObjectMeta<K>>::all(client);
        let touched = watcher(api, config.page_size(PAGE)).default_backoff().touched_objects();
        // A watch that fails is started again; its list then shows what was missed.
        let mut touched =
            touched.into_stream().filter_map(|touched| std::future::ready(touched.ok())).boxed();
        while let Some(object) = touched.next().await {
            self.wake_for(&object.namespace().unwrap_or_default(), &object.name_any());
        }
    }

    /// Wakes the build environments of a namespace that an object matters to.
    fn wake_for(&self, namespace: &str, name: &str) {
        for object in self.known.state() {
            let Some(build_env) = asked(&object) else { continue };
            let is_meant = build_env.namespace == namespace
                && (self.kind == Kind::Secret && build_env.secrets.iter().any(|secret| secret == name)
                    || build_env.names().contains(&(self.kind, name.to_owned())));
            if is_meant {
                // Nobody listens when the loop has ended.
                let _ = self.wake.unbounded_send(ObjectRef::from_obj(&*object));
            }
        }
    }
}
