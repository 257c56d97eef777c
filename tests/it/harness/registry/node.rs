//! A kubelet that really pushes and pulls. A build Pod pushes an image to its destination with the credentials that are
//! mounted into it; a Pod of a Function becomes ready once its image was pulled with its `imagePullSecrets`.

use std::collections::{BTreeMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use k8s_openapi::api::core::v1::{ConfigMap, Container, Pod, Secret};
use k8s_openapi::jiff::Timestamp;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams};
use serde_json::{Value, json};
use testenv::ControlPlane;
use tokio::runtime::Runtime;

use super::{crane, layer};
use crate::harness::cluster::client;
use crate::harness::fetcher;

/// Simulates all Pods of a control plane until dropped.
pub struct Node {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Node {
    /// Starts it. Nothing else may simulate the Pods.
    pub fn start(control_plane: &ControlPlane) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, kubeconfig) = (Arc::clone(&stop), control_plane.kubeconfig());
        let thread = std::thread::spawn(move || {
            let runtime = Runtime::new().unwrap();
            let client = runtime.block_on(client(&kubeconfig));
            let kubelet = Arc::new(Kubelet { runtime, client, playing: Mutex::default() });
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
    /// The UIDs of the Pods that are being worked on.
    playing: Mutex<HashSet<String>>,
}

impl Kubelet {
    fn look(self: &Arc<Self>) {
        let pods = Api::<Pod>::all(self.client.clone());
        // Read before the list, which may not show what is done after this point.
        let busy = self.playing.lock().unwrap().clone();
        // The API server may be down for a while.
        let Ok(pods) = self.runtime.block_on(pods.list(&ListParams::default())) else { return };
        for pod in pods.items.into_iter().filter(is_due) {
            let uid = pod.metadata.uid.clone().unwrap();
            if busy.contains(&uid) {
                continue;
            }
            self.playing.lock().unwrap().insert(uid.clone());
            // On a separate thread, so that a Pod that waits for a server does not hold up others.
            let kubelet = Arc::clone(self);
            std::thread::spawn(move || {
                // A Pod that cannot be simulated is retried at the next pass.
                let _ = catch_unwind(AssertUnwindSafe(|| kubelet.play(&pod)));
                kubelet.playing.lock().unwrap().remove(&uid);
            });
        }
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

    /// Pushes an image that contains the source of the Function, unless the label `testenv/build` wants something else.
    fn build(&self, pod: &Pod) -> Value {
        let spec = pod.spec.as_ref().unwrap();
        let container = &spec.containers[0];
        let end = |phase: &str, state: &Value| json!({"phase": phase, "containerStatuses": [container_status(container, state, false)]});
        match pod.metadata.labels.as_ref().and_then(|labels| labels.get("testenv/build")).map(String::as_str)
        {
            Some("hangs") => {
                return end("Running", &json!({"running": {"startedAt": Timestamp::now().to_string()}}));
            }
            Some("fails") => return end("Failed", &terminated(1, "as its label wants it")),
            _ => {}
        }
        // A Job that somebody created by hand builds nothing.
        let Some(destination) = destination(container) else {
            return end("Succeeded", &terminated(0, ""));
        };
        if !is_local(destination) {
            return end("Failed", &terminated(1, "this node reaches no other machine"));
        }
        let volume = |name: &str| spec.volumes.iter().flatten().find(|volume| volume.name == name);
        let secret = volume("credentials").unwrap().secret.as_ref().unwrap().secret_name.clone().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let source = match (spec.init_containers.iter().flatten().next(), volume("sources")) {
            (Some(fetch), _) => match fetched(fetch, &self.secret_of(pod, fetch), folder.path()) {
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
        match pushed {
            // In the form of the builder: the digest of the pushed image.
            Ok(said) => end("Succeeded", &terminated(0, said.trim().rsplit('@').next().unwrap())),
            Err(said) => end("Failed", &terminated(1, &said)),
        }
    }

    /// Pulls the image.
    fn run(&self, pod: &Pod) -> Value {
        let spec = pod.spec.as_ref().unwrap();
        let secrets = spec.image_pull_secrets.iter().flatten().map(|secret| secret.name.as_str());
        // All pull Secrets are used, as by a kubelet.
        let mut auths = BTreeMap::new();
        for config in secrets.filter_map(|secret| self.docker_config(pod, secret)) {
            let config: Value = serde_json::from_str(&config).unwrap();
            auths.extend(config["auths"].as_object().cloned().unwrap_or_default());
        }
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("image.tar").display().to_string();
        let image = spec.containers[0].image.as_deref().unwrap();
        if !is_local(image) {
            let waiting =
                json!({"waiting": {"reason": "ImagePullBackOff", "message": "not on this machine"}});
            return json!({"containerStatuses": [container_status(&spec.containers[0], &waiting, false)]});
        }
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

    /// What is mounted into the build of an inline Function.
    fn source(&self, pod: &Pod, config_map: &str) -> Option<String> {
        let config_map = self.runtime.block_on(self.api::<ConfigMap>(pod).get(config_map)).ok()?;
        config_map.data?.get("source").cloned()
    }

    /// The environment variables that a container takes from a Secret.
    fn secret_of(&self, pod: &Pod, container: &Container) -> Vec<(String, String)> {
        let sources = container.env.iter().flatten().filter_map(|variable| variable.value_from.as_ref());
        let wanted = sources.filter_map(|source| source.secret_key_ref.as_ref()).filter_map(|reference| {
            let secret = self.runtime.block_on(self.api::<Secret>(pod).get(&reference.name)).ok()?;
            let text = String::from_utf8(secret.data?.get(&reference.key)?.0.clone()).ok()?;
            Some((reference.key.clone(), text))
        });
        wanted.collect()
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

/// Whether a Pod needs work.
fn is_due(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or_default();
    let is_scheduled = pod.spec.as_ref().is_some_and(|spec| spec.node_name.is_some());
    pod.metadata.deletion_timestamp.is_some() || (is_scheduled && phase == "Pending")
}

/// The image that a container is to push, whichever engine its arguments are for.
fn destination(container: &Container) -> Option<&str> {
    container.args.iter().flatten().find_map(|argument| {
        let of_buildkit = argument.strip_prefix("--output=type=image,name=");
        let of_buildkit = of_buildkit.and_then(|rest| rest.split(',').next());
        argument.strip_prefix("--destination=").or(of_buildkit)
    })
}

/// Whether an image is in a test registry: no other registry is contacted.
fn is_local(image: &str) -> bool {
    let host = image.split(['/', '\\', '?', '#']).next().unwrap();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    name == "localhost" || name.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}

/// Runs the fetch container with its data of a Secret. Returns the handler, or its error output.
fn fetched(container: &Container, secret: &[(String, String)], folder: &Path) -> Result<String, String> {
    let secret: Vec<_> = secret.iter().map(|(key, text)| (key.as_str(), text.clone())).collect();
    let output = fetcher::run(&serde_json::to_value(container).unwrap(), &secret, folder);
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
