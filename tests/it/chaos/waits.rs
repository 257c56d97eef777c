//! How long the builds of a tenant wait that is independent of all others, while nothing is cut off or killed.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use kube::Client;
use kube::api::{Api, ApiResource, DeleteParams, DynamicObject, GroupVersionKind, ListParams, PostParams};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::harness::cluster::{function, repository};

/// Sorts between the namespaces of the adversary.
pub const NAMESPACE: &str = "mmm-waits";
/// The longest wait for anything.
const PATIENCE: Duration = Duration::from_mins(3);
/// The pause between two checks.
const PERIOD: Duration = Duration::from_millis(50);
/// The number of Functions that are created at the same time. The last one has a Git source.
const FUNCTIONS: usize = 3;

pub struct Waits {
    client: Client,
    number: AtomicUsize,
}

impl Waits {
    pub async fn new(client: Client, git_url: &str) -> Self {
        let new = Self { client, number: AtomicUsize::default() };
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
        let namespaces = Api::all_with(
            new.client.clone(),
            &ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", "Namespace")),
        );
        namespaces.create(&PostParams::default(), &object(namespace)).await.unwrap();
        let code = repository("code", &json!({"url": git_url}));
        new.api("GitRepository").create(&PostParams::default(), &object(code)).await.unwrap();
        new
    }

    /// Waits until a build succeeds, whatever happened before.
    pub async fn settle(&self) -> Result<(), String> {
        let end = Instant::now() + PATIENCE;
        loop {
            let name = format!("settles-{}", self.next());
            let found = self.measure_one(&name, &inline(&name), Duration::from_secs(20)).await;
            match found {
                Ok(_) => return Ok(()),
                Err(said) if Instant::now() > end => return Err(said),
                Err(_) => {}
            }
        }
    }

    /// Creates some Functions at the same time. Returns how long the last one took until it ran, or the condition of
    /// one that exceeded the limit.
    pub async fn measure(&self, limit: Duration) -> Result<Duration, String> {
        let number = self.next();
        let all = (0..FUNCTIONS).map(|index| {
            let name = format!("waits-{number}-{index}");
            let spec = if index + 1 == FUNCTIONS {
                json!({"type": "git", "source": "code", "baseDir": "fn", "reference": "main", "env": [{"name": "A", "value": name}]})
            } else {
                inline(&name)
            };
            async move { self.measure_one(&name, &spec, limit).await }
        });
        let mut longest = Duration::ZERO;
        for took in futures::future::join_all(all).await {
            longest = longest.max(took?);
        }
        Ok(longest)
    }

    async fn measure_one(&self, name: &str, spec: &Value, limit: Duration) -> Result<Duration, String> {
        let functions = self.api("Function");
        let new = object(function(name, spec));
        let start = Instant::now();
        let (mut said, mut created) = ("it was not created".to_owned(), None);
        let running = async {
            while let Err(error) = functions.create(&PostParams::default(), &new).await {
                said = error.to_string();
                sleep(PERIOD).await;
            }
            created = Some(start.elapsed());
            loop {
                if let Ok(function) = functions.get(name).await {
                    let conditions = &function.data["status"]["conditions"];
                    said = conditions.to_string();
                    let mut all = conditions.as_array().into_iter().flatten();
                    if all.any(|condition| condition["type"] == "Ready" && condition["status"] == "True") {
                        return;
                    }
                }
                sleep(PERIOD).await;
            }
        };
        let ended = timeout(limit, running).await;
        let took = start.elapsed();
        let jobs = if ended.is_err() { self.jobs().await } else { String::new() };
        self.clean(name).await;
        ended
            .map(|()| took)
            .map_err(|_| format!("{name}, created after {created:?}, does not run after {took:?}: {said}; Jobs that have not ended: {jobs}"))
    }

    /// All Jobs of the cluster that have not ended: these may occupy a build slot.
    async fn jobs(&self) -> String {
        let jobs = Api::<DynamicObject>::all_with(
            self.client.clone(),
            &ApiResource::from_gvk(&GroupVersionKind::gvk("batch", "v1", "Job")),
        );
        let Ok(jobs) = jobs.list(&ListParams::default()).await else { return "not known".to_owned() };
        let open = jobs.items.iter().filter(|job| job.data["status"]["conditions"].is_null());
        let shown = open.map(|job| {
            let metadata = &job.metadata;
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            let owner = metadata.owner_references.iter().flatten().next().map(|owner| owner.name.clone());
            let created = metadata.creation_timestamp.as_ref().map(|time| time.0.to_string());
            format!(
                "{}/{} of {owner:?}, {created:?}, deleted: {}, {}",
                text(&metadata.namespace),
                text(&metadata.name),
                metadata.deletion_timestamp.is_some(),
                job.data["status"]
            )
        });
        shown.collect::<Vec<_>>().join("; ")
    }

    /// Deletes a Function, and waits until its Pods are deleted and need no node.
    async fn clean(&self, name: &str) {
        let functions = self.api("Function");
        let gone = async {
            loop {
                let asked = functions.delete(name, &DeleteParams::default()).await;
                if matches!(asked, Err(kube::Error::Api(status)) if status.code == 404) {
                    return;
                }
                sleep(PERIOD).await;
            }
        };
        let _ = timeout(PATIENCE, gone).await;
    }

    /// Each name has another number, so that it is built again.
    fn next(&self) -> usize {
        self.number.fetch_add(1, Ordering::SeqCst)
    }

    fn api(&self, kind: &str) -> Api<DynamicObject> {
        let kind = GroupVersionKind::gvk("serverless.kyma-project.io", "v1alpha1", kind);
        Api::namespaced_with(self.client.clone(), NAMESPACE, &ApiResource::from_gvk(&kind))
    }
}

fn inline(name: &str) -> Value {
    json!({"source": format!("// {name}"), "minReplicas": 1, "maxReplicas": 1})
}

fn object(value: Value) -> DynamicObject {
    serde_json::from_value(value).unwrap()
}
