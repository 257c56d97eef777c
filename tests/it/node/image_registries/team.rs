//! A namespace with a registry of its own, as the examples of image-registry-operator make it.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpStream;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::command::piped;
use crate::harness::real_cluster::{CLUSTER, OwnNamespace};
use crate::harness::registry::trusting_crane;
use crate::harness::wait::wait_within;

/// How long Pods may take to start, or to be refused an image, on a busy machine.
const LONG: Duration = Duration::from_mins(3);

/// The images of registries, which the first test that needs them makes.
static IMAGES: LazyLock<()> = LazyLock::new(|| CLUSTER.provide_registries());

/// A namespace with the objects of the examples.
pub struct Team {
    pub namespace: OwnNamespace,
    /// The hostname of its registry.
    pub host: String,
}

/// What a Secret of a push or pull secret holds.
pub type Held = BTreeMap<String, String>;

impl Team {
    /// Applies the examples word for word, and waits until the registry is ready.
    pub fn start(name: &'static str) -> Self {
        let new = Self::new(name);
        new.apply_examples();
        new
    }

    /// A namespace with a volume for its registry, of the storage class that the examples name.
    pub fn new(name: &'static str) -> Self {
        CLUSTER.add_volume(name, "standard");
        Self::of(CLUSTER.namespace(name))
    }

    /// A namespace as it is.
    pub fn of(namespace: OwnNamespace) -> Self {
        LazyLock::force(&IMAGES);
        let host = format!("registry.{}.svc.cluster.local", namespace.name);
        Self { namespace, host }
    }

    pub fn apply_examples(&self) {
        let examples = testenv::root().join("fixtures/manifests/image-registry.yaml");
        self.apply(&fs::read_to_string(examples).unwrap());
        self.await_registry("1/1 Pods are ready");
    }

    /// Waits until the registry is ready with a message, and until kube-proxy leads its Service there.
    pub fn await_registry(&self, message: &str) {
        self.await_ready("imageregistry registry", message);
        let reached = || TcpStream::connect((self.host.as_str(), 443)).is_ok();
        wait_within(LONG, "the node reaches the registry", reached);
    }

    /// Applies YAML as it is.
    pub fn apply(&self, yaml: &str) {
        let mut command = CLUSTER.control_plane.kubectl();
        command.args(["apply", "--namespace", self.namespace.name, "-f", "-"]);
        piped(command, yaml).unwrap();
    }

    /// Waits until an object is ready and says so.
    pub fn await_ready(&self, object: &str, message: &str) {
        self.await_condition(object, &format!("True|{message}"));
    }

    /// Waits until an object says whether it is ready, and why: `False|message`.
    pub fn await_condition(&self, object: &str, expected: &str) {
        let path = "jsonpath={range.status.conditions[?(@.type=='Ready')]}{.status}|{.message}{end}";
        let deadline = Instant::now() + LONG;
        loop {
            let said = self.namespace.kubectl(&format!("get {object} -o {path}"));
            if said == expected {
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
        self.namespace.held(secret)
    }

    /// An image of its registry.
    pub fn image(&self, name: &str) -> String {
        format!("{}/{name}", self.host)
    }

    /// Gives the registry an image that waits when it runs.
    pub fn push(&self, docker_config: &str, authority: &str, image: &str) {
        let layout = testenv::built("node-images").unwrap().join("pause").display().to_string();
        trusting_crane(docker_config, authority, &["push", &layout, &self.image(image)]).unwrap();
    }

    /// The registry as people write it for nodes.
    pub fn for_nodes(&self, authority: &str) -> Value {
        json!({(&self.host): [{"endpoint": self.host, "ca": authority}]})
    }
}
