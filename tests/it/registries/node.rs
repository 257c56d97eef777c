//! A kubelet that really pushes and pulls: a Pod of a build pushes an image to its destination with the credentials that are
//! mounted into it, and a Pod of a Function gets ready once its image was pulled with its `imagePullSecrets`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Pod, Secret};
use k8s_openapi::jiff::Timestamp;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams};
use serde_json::{Value, json};
use testenv::ControlPlane;
use tokio::runtime::Runtime;

use super::{crane, layer};
use crate::cluster::client;

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
        for pod in pods {
            self.play(&pod);
        }
    }

    fn play(&self, pod: &Pod) {
        let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or_default();
        let spec = pod.spec.as_ref().unwrap();
        let owner = pod.metadata.owner_references.iter().flatten().next();
        let kind = owner.map(|owner| owner.kind.as_str()).unwrap_or_default();
        let api = self.api::<Pod>(pod);
        let name = pod.metadata.name.as_deref().unwrap();
        if pod.metadata.deletion_timestamp.is_some() {
            let at_once = DeleteParams { grace_period_seconds: Some(0), ..DeleteParams::default() };
            let _ = self.runtime.block_on(api.delete(name, &at_once));
            return;
        }
        if spec.node_name.is_none() || phase != "Pending" {
            return;
        }
        let status = if kind == "Job" { self.build(pod) } else { self.run(pod) };
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
        let volume = spec.volumes.iter().flatten().find(|volume| volume.name == "credentials").unwrap();
        let secret = volume.secret.as_ref().unwrap().secret_name.clone().unwrap();
        let Some(config) = self.docker_config(pod, &secret) else {
            let waiting = json!({"reason": "ContainerCreating", "message": "a Secret is not there"});
            return json!({"containerStatuses": [container_status(pod, &json!({"waiting": waiting}), false)]});
        };
        let folder = tempfile::tempdir().unwrap();
        let layer = layer(folder.path(), destination).display().to_string();
        let pushed = crane(&config, &["append", "-f", &layer, "-t", destination]);
        let now = Timestamp::now().to_string();
        let (phase, code, message) = match pushed {
            Ok(()) => ("Succeeded", 0, String::new()),
            Err(said) => ("Failed", 1, said),
        };
        let ended = json!({"terminated": {"exitCode": code, "reason": "Error", "message": message, "startedAt": now, "finishedAt": now}});
        json!({"phase": phase, "containerStatuses": [container_status(pod, &ended, false)]})
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
            Ok(()) => {
                let running = json!({"running": {"startedAt": Timestamp::now().to_string()}});
                let now = Timestamp::now().to_string();
                let condition =
                    |kind: &str| json!({"type": kind, "status": "True", "lastTransitionTime": now});
                let conditions: Vec<_> =
                    ["PodScheduled", "Initialized", "ContainersReady", "Ready"].map(condition).into();
                let containers = [container_status(pod, &running, true)];
                json!({"phase": "Running", "conditions": conditions, "containerStatuses": containers})
            }
            Err(said) => {
                let waiting = json!({"waiting": {"reason": "ImagePullBackOff", "message": said}});
                json!({"containerStatuses": [container_status(pod, &waiting, false)]})
            }
        }
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

fn container_status(pod: &Pod, state: &Value, is_ready: bool) -> Value {
    let container = &pod.spec.as_ref().unwrap().containers[0];
    json!({
        "name": container.name, "image": container.image, "imageID": "", "ready": is_ready,
        "started": is_ready, "restartCount": 0, "state": state,
    })
}
