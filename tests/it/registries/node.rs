//! A kubelet that really pushes and pulls: a Pod of a build pushes an image to its destination with the credentials that are
//! mounted into it, and a Pod of a Function gets ready once its image was pulled with its `imagePullSecrets`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use k8s_openapi::api::core::v1::{ConfigMap, Container, Pod, Secret};
use k8s_openapi::jiff::Timestamp;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams};
use serde_json::{Value, json};
use testenv::ControlPlane;
use tokio::runtime::Runtime;

use super::{crane, layer};
use crate::cluster::client;
use crate::git_fetch;

/// Plays all Pods of a control plane until dropped.
pub struct Node {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Node {
    /// Nothing else may play them.
    pub fn start(control_plane: &ControlPlane) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, kubeconfig) = (Arc::clone(&stop), control_plane.kubeconfig());
        let thread = std::thread::spawn(move || {
            let runtime = Runtime::new().unwrap();
            let client = runtime.block_on(client(&kubeconfig));
            let kubelet = Kubelet { runtime, client };
            while !stopped.load(Ordering::SeqCst) {
                kubelet.look();
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Kubelet {
    runtime: Runtime,
    client: kube::Client,
}

impl Kubelet {
    fn look(&self) {
        let pods = Api::<Pod>::all(self.client.clone());
        // The API server may be away for a while.
        let Ok(pods) = self.runtime.block_on(pods.list(&ListParams::default())) else { return };
        // At once: one that waits for a registry holds up no other.
        std::thread::scope(|scope| {
            for pod in pods.iter().filter(|pod| is_due(pod)) {
                scope.spawn(|| self.play(pod));
            }
        });
    }

    fn play(&self, pod: &Pod) {
        let api = self.api::<Pod>(pod);
        let name = pod.metadata.name.as_deref().unwrap();
        if pod.metadata.deletion_timestamp.is_some() {
            let at_once = DeleteParams { grace_period_seconds: Some(0), ..DeleteParams::default() };
            let _ = self.runtime.block_on(api.delete(name, &at_once));
            return;
        }
        let owner = pod.metadata.owner_references.iter().flatten().next();
        let is_build = owner.is_some_and(|owner| owner.kind == "Job");
        let status = if is_build { self.build(pod) } else { self.run(pod) };
        let patch = Patch::Merge(json!({"status": status}));
        let _ = self.runtime.block_on(api.patch_status(name, &PatchParams::default(), &patch));
    }

    /// Pushes an image with the source of the Function in it.
    fn build(&self, pod: &Pod) -> Value {
        let spec = pod.spec.as_ref().unwrap();
        let container = &spec.containers[0];
        let destination = container
            .args
            .iter()
            .flatten()
            .find_map(|argument| argument.strip_prefix("--destination="))
            .unwrap();
        let volume = |name: &str| spec.volumes.iter().flatten().find(|volume| volume.name == name);
        let secret = volume("credentials").unwrap().secret.as_ref().unwrap().secret_name.clone().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let source = match (spec.init_containers.iter().flatten().next(), volume("sources")) {
            (Some(fetch), _) => match fetched(fetch, folder.path()) {
                Ok(source) => Some(source),
                Err(said) => {
                    let status = container_status(fetch, &terminated(1, &said), false);
                    return json!({"phase": "Failed", "initContainerStatuses": [status]});
                }
            },
            (None, sources) => self.source(pod, &sources.unwrap().config_map.as_ref().unwrap().name),
        };
        let (Some(config), Some(source)) = (self.docker_config(pod, &secret), source) else {
            let waiting = json!({"reason": "ContainerCreating", "message": "a volume is not there"});
            let status = container_status(container, &json!({"waiting": waiting}), false);
            return json!({"containerStatuses": [status]});
        };
        let layer = layer(folder.path(), &source).display().to_string();
        let pushed = crane(&config, &["append", "-f", &layer, "-t", destination]);
        let (phase, ended) = match pushed {
            // As the builder reports it: the digest of what it has pushed.
            Ok(said) => ("Succeeded", terminated(0, said.trim().rsplit('@').next().unwrap())),
            Err(said) => ("Failed", terminated(1, &said)),
        };
        json!({"phase": phase, "containerStatuses": [container_status(container, &ended, false)]})
    }

    /// Pulls the image.
    fn run(&self, pod: &Pod) -> Value {
        let spec = pod.spec.as_ref().unwrap();
        let secrets = spec.image_pull_secrets.iter().flatten().map(|secret| secret.name.as_str());
        // All of them count, as for a kubelet.
        let mut auths = BTreeMap::new();
        for config in secrets.filter_map(|secret| self.docker_config(pod, secret)) {
            let config: Value = serde_json::from_str(&config).unwrap();
            auths.extend(config["auths"].as_object().cloned().unwrap_or_default());
        }
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("image.tar").display().to_string();
        let image = spec.containers[0].image.as_deref().unwrap();
        match crane(&json!({"auths": auths}).to_string(), &["pull", image, &target]) {
            Ok(_) => {
                let running = json!({"running": {"startedAt": Timestamp::now().to_string()}});
                let now = Timestamp::now().to_string();
                let condition =
                    |kind: &str| json!({"type": kind, "status": "True", "lastTransitionTime": now});
                let conditions: Vec<_> =
                    ["PodScheduled", "Initialized", "ContainersReady", "Ready"].map(condition).into();
                let containers = [container_status(&spec.containers[0], &running, true)];
                json!({"phase": "Running", "conditions": conditions, "containerStatuses": containers})
            }
            Err(said) => {
                let waiting = json!({"waiting": {"reason": "ImagePullBackOff", "message": said}});
                json!({"containerStatuses": [container_status(&spec.containers[0], &waiting, false)]})
            }
        }
    }

    /// What is mounted into the build of a Function with a source of its own.
    fn source(&self, pod: &Pod, config_map: &str) -> Option<String> {
        let config_map = self.runtime.block_on(self.api::<ConfigMap>(pod).get(config_map)).ok()?;
        config_map.data?.get("source").cloned()
    }

    fn docker_config(&self, pod: &Pod, secret: &str) -> Option<String> {
        let secret = self.runtime.block_on(self.api::<Secret>(pod).get(secret)).ok()?;
        Some(String::from_utf8(secret.data?.get(".dockerconfigjson")?.0.clone()).unwrap())
    }

    fn api<K>(&self, pod: &Pod) -> Api<K>
    where
        K: kube::Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.client.clone(), pod.metadata.namespace.as_deref().unwrap())
    }
}

/// Whether there is something to do for it.
fn is_due(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or_default();
    let is_scheduled = pod.spec.as_ref().is_some_and(|spec| spec.node_name.is_some());
    pod.metadata.deletion_timestamp.is_some() || (is_scheduled && phase == "Pending")
}

/// Runs the container that fetches; the handler, or what it has said.
fn fetched(container: &Container, folder: &Path) -> Result<String, String> {
    let output = git_fetch::run(&serde_json::to_value(container).unwrap(), &[], folder);
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let base_dir = container.env.iter().flatten().find(|variable| variable.name == "APP_BASE_DIR").unwrap();
    let repository = folder.join("repository").join(base_dir.value.as_deref().unwrap());
    Ok(std::fs::read_to_string(repository.join("handler.js")).unwrap())
}

fn terminated(code: i32, message: &str) -> Value {
    let now = Timestamp::now().to_string();
    json!({"terminated": {"exitCode": code, "reason": "Error", "message": message, "startedAt": now, "finishedAt": now}})
}

fn container_status(container: &Container, state: &Value, is_ready: bool) -> Value {
    json!({
        "name": container.name, "image": container.image, "imageID": "", "ready": is_ready,
        "started": is_ready, "restartCount": 0, "state": state,
    })
}
