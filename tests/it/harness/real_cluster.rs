//! A control plane with a real node, the product installed on it by its chart, and the servers that its Pods ask by name.
//! It runs only in the namespaces of `tests/node/run.sh`; the first test that needs it starts it.

#[path = "real_cluster/images.rs"] // the benchmark includes this file by its path
mod images;
#[path = "real_cluster/namespace.rs"]
mod namespace;
#[path = "real_cluster/provider.rs"]
pub mod provider;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde_json::{Value, json};
use testenv::{ControlPlane, NODE_ADDRESS, Node, Options};
use tokio::runtime::Runtime;

pub use self::namespace::{Namespace, OwnNamespace};
use crate::harness::cluster::{NOTHING, kubectl};
use crate::harness::command::piped;
use crate::harness::packages;
use crate::harness::registry::{Auth, Registry};
use crate::harness::wait::wait_until;

/// Where tests start registries of their own, which node and builds use without TLS: a port for each test.
pub const SPARE_PORTS: [u16; 2] = [5003, 5004];
/// The password of the registries.
pub const PASSWORD: &str = "correct horse";

/// What the tests share.
pub static CLUSTER: LazyLock<RealCluster> = LazyLock::new(RealCluster::start);
/// Where Git servers of the tests run.
pub static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// A control plane with a real node.
pub struct RealCluster {
    pub control_plane: ControlPlane,
    pub node: Node,
    /// The registry of all Functions, and another one.
    pub registries: [Registry; 2],
    /// Where base images and those of the product are.
    images: Registry,
}

impl RealCluster {
    /// The installation with a registry of all Functions, which they share.
    fn start() -> Self {
        let new = Self::without_installation();
        new.install(&json!({}));
        new.add_registry();
        new
    }

    /// A node on which nothing is installed yet.
    fn without_installation() -> Self {
        let registries =
            [5000, 5001].map(|port| Registry::start_at("registry.test", port, Auth::Basic, PASSWORD));
        let images = Registry::start_at("images.test", 5002, Auth::Open, "");
        packages::serve(TcpListener::bind((NODE_ADDRESS, 4873)).unwrap());
        let options = Options { controllers: true, real_node: true, ..Options::default() };
        let control_plane = ControlPlane::start(&options).unwrap();
        let ports = [5000, 5001].into_iter().chain(SPARE_PORTS).map(|port| format!("registry.test:{port}"));
        let plain: Vec<_> = ports.chain([images.address()]).collect();
        let plain: Vec<_> = plain.iter().map(String::as_str).collect();
        let node = Node::start(&control_plane, &plain, &provider::flags(&control_plane)).unwrap();
        images::provide(&node, &images);
        Self { control_plane, node, registries, images }
    }

    /// The installation that the chart gives a registry of Functions, and an agent that tells the node of it.
    pub fn start_with_registry_of_chart() -> Self {
        let new = Self::without_installation();
        new.provide_registries();
        images::provide_program(&new.images, &images::NODE_AGENT);
        new.add_volume("kyma-system", "");
        let agent = json!({"enabled": true, "image": image("serverless-node-agent"), "hostsDir": new.node.registries()});
        let registry = json!({"enabled": true, "image": image("serverless-registry")});
        new.install(&json!({"nodeAgent": agent, "registry": registry}));
        new
    }

    /// Installs the chart with further values.
    fn install(&self, more: &Value) {
        let values = json!({
            // Builds wait for no CPU: the node of the tests may have only two.
            "webhook": {"image": image("serverless-webhook"), "values": {"buildJob": {"resources": {"presets": {
                "normal": {"requestCpu": "200m", "requestMemory": "200Mi", "limitCpu": "1100m", "limitMemory": "1100Mi"},
            }}}}},
            "controller": {"image": image("serverless-controller"), "values": {
                "build": {"engine": "buildkit", "executorImage": "localhost/builder:1", "fetcherImage": "localhost/fetcher:1"},
                "git": {"pollInterval": "5s"},
                "imageRegistries": {
                    "registryImage": "images.test:5002/registry:1",
                    "gatewayImage": "images.test:5002/serverless-registry:1",
                    "redisImage": "images.test:5002/redis:1",
                },
                "registryCheck": {"plainHttp": ["registry.test", "images.test:5002"]},
                "runtimes": {
                    "nodejs22": {"baseImage": "images.test:5002/node:1"},
                    "python313": {"baseImage": "images.test:5002/python:1"},
                    "nodejs24": {"baseImage": "images.test:5002/absent:1"},
                },
            }},
        });
        self.helm(&["install", "--create-namespace"], &[&values, more]);
    }

    /// Adds the registry of all Functions.
    fn add_registry(&self) {
        let labels = json!({
            "serverless.kyma-project.io/remote-registry": "config",
            "serverless.kyma-project.io/config": "credentials",
        });
        let metadata =
            json!({"name": "serverless-registry-config", "namespace": "kyma-system", "labels": labels});
        let secret = secret(&metadata, &self.registries[0].secret(PASSWORD));
        // The webhook is ready a moment before kube-proxy leads its Service there.
        let accepted = || kubectl(&self.control_plane, "apply -f -", &secret).ok;
        wait_until("the API server reaches the webhook", accepted);
    }

    /// Makes the images known that registries in the cluster run.
    pub fn provide_registries(&self) {
        images::provide_registries(&self.images);
    }

    /// Adds a volume for the registry of a namespace, on the disk of the node.
    pub fn add_volume(&self, namespace: &str, storage_class: &str) {
        self.add_volume_of_claim(namespace, "imageregistry-registry-pvc", storage_class);
    }

    /// Where the volume for a claim of a namespace is. What is mounted there before is its file system.
    pub fn path_of_volume(&self, namespace: &str, claim: &str) -> PathBuf {
        self.control_plane.folder().join(name_of_volume(namespace, claim))
    }

    /// Adds a volume for a claim of a namespace, on the disk of the node.
    pub fn add_volume_of_claim(&self, namespace: &str, claim: &str, storage_class: &str) {
        let (name, path) = (name_of_volume(namespace, claim), self.path_of_volume(namespace, claim));
        std::fs::create_dir_all(&path).unwrap();
        // Kubernetes gives local volumes to the group of the Pod.
        let node = json!({"key": "kubernetes.io/hostname", "operator": "In", "values": ["node"]});
        let nodes = json!({"required": {"nodeSelectorTerms": [{"matchExpressions": [node]}]}});
        let volume = json!({
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": name},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "capacity": {"storage": "20Gi"},
                "claimRef": {"namespace": namespace, "name": claim},
                "local": {"path": path},
                "nodeAffinity": nodes,
                "storageClassName": storage_class,
            },
        });
        self.apply("default", &volume);
    }

    /// Switches the agent of nodes on, which writes below a folder, or off.
    pub fn switch_agent(&'static self, hosts: Option<&Path>) {
        let mut agent = json!({"enabled": hosts.is_some(), "image": image("serverless-node-agent")});
        if let Some(hosts) = hosts {
            images::provide_program(&self.images, &images::NODE_AGENT);
            agent["hostsDir"] = json!(hosts);
        }
        self.helm(&["upgrade", "--reuse-values"], &[&json!({"nodeAgent": agent})]);
    }

    /// Installs or changes the chart, and waits until its Pods are ready.
    fn helm(&self, words: &[&str], values: &[&Value]) {
        let mut helm = self.control_plane.tool("helm");
        helm.args(words).args(["serverless", "manifests/chart", "--namespace=kyma-system"]);
        for (index, values) in values.iter().enumerate() {
            let file = self.control_plane.folder().join(format!("values-{index}.json"));
            std::fs::write(&file, values.to_string()).unwrap();
            helm.arg("--values").arg(&file);
        }
        helm.args(["--wait", "--timeout=1m"]).current_dir(testenv::root());
        let printed = piped(helm, "");
        assert!(printed.ok, "{}{}", printed.err, self.explanation("kyma-system"));
    }

    /// A new namespace, with what the controller copies into it.
    pub fn namespace(&'static self, name: &'static str) -> OwnNamespace {
        self.namespace_with(name, "secret/serverless-registry-config")
    }

    /// A new namespace, once an object is copied into it.
    pub fn namespace_with(&'static self, name: &'static str, copied: &str) -> OwnNamespace {
        kubectl(&self.control_plane, &format!("create namespace {name}"), NOTHING).unwrap();
        let wait = format!("wait --for=create {copied} --timeout=30s --namespace={name}");
        kubectl(&self.control_plane, &wait, NOTHING).unwrap();
        OwnNamespace(Namespace { cluster: self, name })
    }

    pub fn apply(&self, namespace: &str, manifest: &Value) {
        kubectl(&self.control_plane, &format!("apply --namespace={namespace} -f -"), manifest).unwrap();
    }

    /// Removes an image from the node, as the node does it when its disk fills.
    pub fn remove_from_node(&self, image: &str) {
        let removed = self.node.crictl().args(["rmi", image]).output().unwrap();
        assert!(removed.status.success(), "{}", String::from_utf8_lossy(&removed.stderr));
    }

    /// Adds a runtime like that of Node.js, with another Dockerfile.
    pub fn add_runtime(&self, name: &str, dockerfile: &str) {
        let label = |key: &str| format!("serverless.kyma-project.io/{key}");
        let metadata = json!({
            "name": format!("dockerfile-{name}"),
            "labels": {(label("config")): "runtime", (label("runtime")): name},
            "annotations": {(label("language")): "nodejs"},
        });
        let data = json!({"Dockerfile": dockerfile});
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data});
        self.apply("kyma-system", &map);
    }

    /// What a person would look at.
    fn explanation(&self, namespace: &str) -> String {
        let printed = |words: &str| {
            let printed = kubectl(&self.control_plane, &format!("{words} --namespace={namespace}"), NOTHING);
            format!("{words}\n{}{}\n", printed.out, printed.err)
        };
        let pods =
            kubectl(&self.control_plane, &format!("get pods --namespace={namespace} -o name"), NOTHING);
        let logs = pods.out.lines().map(|pod| format!("logs {pod} --all-containers --tail=60"));
        let objects = ["get pods,jobs,deployments,functions -o wide", "get events", "describe pods"];
        objects.map(str::to_owned).into_iter().chain(logs).map(|words| printed(&words)).collect()
    }
}

/// An image of the product, as values of the chart name it.
fn image(name: &str) -> Value {
    json!({"repository": format!("images.test:5002/{name}"), "tag": "1"})
}

/// A Secret of the registry of Functions, or of something else.
pub fn secret(metadata: &Value, data: &Value) -> Value {
    let is_registry = metadata.pointer("/labels/serverless.kyma-project.io~1remote-registry").is_some();
    let kind = if is_registry { "kubernetes.io/dockerconfigjson" } else { "Opaque" };
    json!({"apiVersion": "v1", "kind": "Secret", "type": kind, "metadata": metadata, "stringData": data})
}

fn name_of_volume(namespace: &str, claim: &str) -> String {
    format!("images-of-{namespace}-{claim}")
}
