//! What the API server shows of a namespace, with the time at which it came. A watch costs little; kubectl in a loop would
//! take the CPU that is measured.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::TryStreamExt as _;
use k8s_openapi::jiff::Timestamp;
use kube::Api;
use kube::api::{ApiResource, DynamicObject, ListParams, WatchEvent, WatchParams};
use kube::core::GroupVersionKind;
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::harness::cluster::client;
use crate::harness::real_cluster::{Namespace, RUNTIME};

/// What is watched: group, version, kind.
const KINDS: [(&str, &str, &str); 6] = [
    ("serverless.kyma-project.io", "v1alpha1", "Function"),
    ("", "v1", "Pod"),
    ("", "v1", "Service"),
    ("batch", "v1", "Job"),
    ("apps", "v1", "Deployment"),
    ("discovery.k8s.io", "v1", "EndpointSlice"),
];

/// An object, and when it was shown.
#[derive(Clone)]
struct Seen {
    at: Timestamp,
    kind: &'static str,
    object: Value,
}

/// Watches a namespace until it is dropped. It has seen all existing objects when it starts.
pub struct Watch {
    seen: Arc<Mutex<Vec<Seen>>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Watch {
    pub fn start(namespace: &Namespace) -> Self {
        let client = RUNTIME.block_on(client(&namespace.cluster.control_plane.kubeconfig()));
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let tasks = KINDS.map(|(group, version, kind)| {
            let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
            let api = Api::<DynamicObject>::namespaced_with(client.clone(), namespace.name, &resource);
            let seen = Arc::clone(&seen);
            let see = move |object: DynamicObject| {
                let object = serde_json::to_value(object).unwrap();
                seen.lock().unwrap().push(Seen { at: Timestamp::now(), kind, object });
            };
            let known = RUNTIME.block_on(api.list(&ListParams::default())).unwrap();
            known.items.into_iter().for_each(&see);
            let version = known.metadata.resource_version.unwrap();
            RUNTIME.spawn(async move {
                let changes = api.watch(&WatchParams::default(), &version).await.unwrap();
                let mut changes = std::pin::pin!(changes);
                while let Ok(Some(change)) = changes.try_next().await {
                    if let WatchEvent::Added(object) | WatchEvent::Modified(object) = change {
                        see(object);
                    }
                }
            })
        });
        Self { seen, tasks: tasks.into() }
    }

    /// The first state since a time of an object of a kind for which something holds, and when it was shown.
    pub fn first(
        &self,
        since: Timestamp,
        kind: &str,
        holds: impl Fn(&Value) -> bool,
    ) -> Option<(Timestamp, Value)> {
        let seen = self.seen.lock().unwrap();
        let found = seen.iter().find(|seen| seen.kind == kind && seen.at >= since && holds(&seen.object));
        found.map(|seen| (seen.at, seen.object.clone()))
    }

    /// Waits for it.
    pub fn wait(&self, since: Timestamp, kind: &str, holds: impl Fn(&Value) -> bool) -> (Timestamp, Value) {
        let start = Instant::now();
        loop {
            if let Some(found) = self.first(since, kind, &holds) {
                return found;
            }
            assert!(start.elapsed() < Duration::from_mins(5), "in vain: {kind}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}
