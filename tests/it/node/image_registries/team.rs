//! A namespace with a registry of its own, as the examples of image-registry-operator make it.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use serde_json::{Value, json};

use crate::harness::command::{Printed, piped};
use crate::harness::real_cluster::{CLUSTER, Namespace};
use crate::harness::registry::tool;
use crate::harness::wait::wait_within;

/// How long Pods may take to start, or to be refused an image, on a busy machine.
const LONG: Duration = Duration::from_mins(3);

/// The images of registries, which the first test that needs them makes.
static IMAGES: LazyLock<()> = LazyLock::new(|| CLUSTER.provide_registries());

/// A namespace with the objects of the examples.
pub struct Team {
    pub namespace: Namespace,
    /// The hostname of its registry.
    pub host: String,
}

/// What a Secret of a push or pull secret holds.
pub type Held = BTreeMap<String, String>;

impl Team {
    /// Applies the examples word for word, and waits until the registry is ready.
    pub fn start(name: &'static str) -> Self {
        LazyLock::force(&IMAGES);
        let namespace = CLUSTER.namespace(name);
        let new = Self { namespace, host: format!("registry.{name}.svc.cluster.local") };
        new.add_volume();
        let examples = testenv::root().join("fixtures/manifests/image-registry.yaml");
        new.apply(&fs::read_to_string(examples).unwrap());
        new.await_ready("imageregistry registry", "1/1 Pods are ready");
        new
    }

    /// A volume of the storage class that the examples name, on the disk of the node.
    fn add_volume(&self) {
        let name = format!("images-of-{}", self.namespace.name);
        let path = CLUSTER.control_plane.folder().join(&name);
        fs::create_dir(&path).unwrap();
        // Kubernetes gives local volumes to the group of the Pod.
        let node = json!({"key": "kubernetes.io/hostname", "operator": "In", "values": ["node"]});
        let nodes = json!({"required": {"nodeSelectorTerms": [{"matchExpressions": [node]}]}});
        self.namespace.apply(&json!({
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": name},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "capacity": {"storage": "1Gi"},
                "claimRef": {"namespace": self.namespace.name, "name": "imageregistry-registry-pvc"},
                "local": {"path": path},
                "nodeAffinity": nodes,
                "storageClassName": "standard",
            },
        }));
    }

    /// Applies YAML as it is.
    pub fn apply(&self, yaml: &str) {
        let mut command = CLUSTER.control_plane.kubectl();
        command.args(["apply", "--namespace", self.namespace.name, "-f", "-"]);
        piped(command, yaml).unwrap();
    }

    /// Waits until an object is ready and says so.
    pub fn await_ready(&self, object: &str, message: &str) {
        let path = "jsonpath={range.status.conditions[?(@.type=='Ready')]}{.status}|{.message}{end}";
        let deadline = Instant::now() + LONG;
        loop {
            let said = self.namespace.kubectl(&format!("get {object} -o {path}"));
            if said == format!("True|{message}") {
                return;
            }
            assert!(Instant::now() < deadline, "{object}: {said}\n{}", self.explanation());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// What a person would look at.
    fn explanation(&self) -> String {
        let words = [
            "get pods,events -o wide",
            "describe pods",
            "logs -l app=imageregistry-registry --all-containers",
        ];
        words.map(|words| self.namespace.kubectl(words)).join("\n")
    }

    /// What the Secret of a push or pull secret holds.
    pub fn held(&self, secret: &str) -> Held {
        let secret = self.namespace.kubectl(&format!("get secret {secret} -o json"));
        let secret: Secret = serde_json::from_str(&secret).unwrap();
        let data = secret.data.unwrap_or_default();
        data.into_iter().map(|(key, ByteString(value))| (key, String::from_utf8(value).unwrap())).collect()
    }

    /// An image of its registry.
    pub fn image(&self, name: &str) -> String {
        format!("{}/{name}", self.host)
    }

    /// Gives the registry an image that waits when it runs.
    pub fn push(&self, docker_config: &str, authority: &str, image: &str) {
        let layout = testenv::built("node-images").unwrap().join("pause").display().to_string();
        crane(docker_config, authority, &["push", &layout, &self.image(image)]).unwrap();
    }

    /// The registry as people write it for nodes.
    pub fn for_nodes(&self, authority: &str) -> Value {
        json!({(&self.host): [{"endpoint": self.host, "ca": authority}]})
    }

    /// Why a Pod has no image: the reason, and what containerd says.
    pub fn refusal(&self, pod: &str) -> (String, String) {
        let path = "jsonpath={.status.containerStatuses[0].state.waiting.reason}|{.status.containerStatuses[0].state.waiting.message}";
        let mut said = String::new();
        wait_within(LONG, &format!("{pod} is refused"), || {
            said = self.namespace.kubectl(&format!("get pod {pod} -o {path}"));
            said.starts_with("ErrImagePull|")
        });
        let (reason, message) = said.split_once('|').unwrap();
        (reason.to_owned(), message.to_owned())
    }
}

/// The client, with a docker configuration and an authority that it trusts. It finds the registry as the node does.
pub fn crane(docker_config: &str, authority: &str, arguments: &[&str]) -> Printed {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("config.json"), docker_config).unwrap();
    fs::write(home.path().join("ca.crt"), authority).unwrap();
    let mut command = Command::new(tool("crane"));
    command.args(arguments).env("DOCKER_CONFIG", home.path());
    command.env("SSL_CERT_FILE", home.path().join("ca.crt"));
    piped(command, "")
}
