//! The agent of a node, as its Pod runs it: with the token of its account, and a folder in place of that of containerd.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;

use api::names::container_registries::OF_NODES as SECRET;
use api::names::program_label::{CONTROLLER, NAME};
use serde_json::{Value, json};
use tempfile::TempDir;
use testenv::{ControlPlane, Process, free_port};

use super::call::{Answer, call};
use super::cluster::{NOTHING, kubectl};
use super::programs::program;
use super::wait::wait_until;

const NAMESPACE: &str = "kyma-system";

/// A node with the folder of containerd, and the account of a Pod.
pub struct AgentNode {
    folder: TempDir,
    api_server: Option<u16>,
}

/// A running agent. It ends when it is dropped.
pub struct Agent {
    pub process: Process,
    port: u16,
}

/// A control plane with what the agent needs.
pub fn control_plane() -> ControlPlane {
    let control_plane = ControlPlane::start(&testenv::Options::default()).unwrap();
    kubectl(&control_plane, &format!("create namespace {NAMESPACE}"), NOTHING).unwrap();
    allow(&control_plane);
    control_plane
}

/// Creates its account and rights.
pub fn allow(control_plane: &ControlPlane) {
    let manifests = testenv::root().join("manifests/node-agent");
    kubectl(control_plane, &format!("apply -k {}", manifests.display()), NOTHING).unwrap();
}

/// Writes the Secret of nodes with a value, as the controller does.
pub fn set_value(control_plane: &ControlPlane, value: &str) {
    let metadata = json!({"name": SECRET, "namespace": NAMESPACE, "labels": {(NAME): CONTROLLER}});
    let secret =
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"values": value}});
    kubectl(control_plane, "apply -f -", &secret).unwrap();
}

impl AgentNode {
    /// A node of a cluster.
    pub fn of(control_plane: &ControlPlane) -> Self {
        let port = control_plane.url().rsplit_once(':').unwrap().1.parse().unwrap();
        let new = Self { api_server: Some(port), ..Self::alone() };
        let token =
            kubectl(control_plane, &format!("create token serverless-node-agent -n {NAMESPACE}"), NOTHING);
        fs::write(new.path("account/token"), token.unwrap()).unwrap();
        fs::copy(control_plane.folder().join("ca.crt"), new.path("account/ca.crt")).unwrap();
        new
    }

    /// A node that reads its value from a folder.
    pub fn alone() -> Self {
        let new = Self { folder: tempfile::tempdir().unwrap(), api_server: None };
        for folder in ["account", "source", "certs.d"] {
            fs::create_dir(new.path(folder)).unwrap();
        }
        new
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file in the folder of containerd, if it is there.
    pub fn file(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.path("certs.d").join(name)).ok()
    }

    /// A command of the agent, in the environment of its container.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(program("serverless-node-agent"));
        command.args(words).envs([
            ("POD_NAMESPACE", NAMESPACE.to_owned()),
            ("APP_LOG_FORMAT", "text".to_owned()),
            ("APP_HOSTS_DIR", self.path("certs.d").display().to_string()),
            ("APP_ACCOUNT_DIR", self.path("account").display().to_string()),
        ]);
        match self.api_server {
            Some(port) => {
                let port = port.to_string();
                command.envs([("KUBERNETES_SERVICE_HOST", "127.0.0.1"), ("KUBERNETES_SERVICE_PORT", &port)]);
            }
            None => drop(command.env("APP_SOURCE", self.path("source"))),
        }
        command
    }

    /// Starts the agent.
    pub fn start(&self) -> Agent {
        self.start_in("")
    }

    /// Starts the agent in a Pod with a UID.
    pub fn start_in(&self, pod: &str) -> Agent {
        let port = free_port().unwrap();
        let listen = format!("--admin-listen=127.0.0.1:{port}");
        let mut command = self.command(&["run", &listen]);
        command.env("POD_UID", pod);
        let mut process = Process::start(&command, &self.path(&format!("agent{pod}.log"))).unwrap();
        process
            .wait_until("alive", || call(("127.0.0.1", port), "GET", "/livez", &[], b"").is_some())
            .unwrap();
        Agent { process, port }
    }
}

impl Agent {
    fn get(&self, path: &str) -> Answer {
        call(("127.0.0.1", self.port), "GET", path, &[], b"").unwrap()
    }

    /// The answer of `/readyz`: its status, and what it says.
    pub fn readiness(&self) -> (u16, String) {
        let answer = self.get("/readyz");
        (answer.status, answer.body)
    }

    #[track_caller]
    pub fn await_readiness(&self, status: u16, text: &str) {
        wait_until(&format!("/readyz is {status} {text}"), || self.readiness() == (status, text.to_owned()));
    }

    /// The value of a metric, by its line without the number.
    pub fn metric(&self, name: &str) -> f64 {
        let text = self.get("/metrics").body;
        let line = text.lines().find_map(|line| {
            line.strip_prefix("serverless_node_agent_")?.strip_prefix(name)?.strip_prefix(' ')
        });
        line.unwrap().parse().unwrap()
    }
}

/// A name of this machine, and a port of it. The agent does not probe loopback addresses; that this name can lead to one, it does
/// not know.
pub fn listen_as_mirror() -> (TcpListener, String) {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap().trim().to_lowercase();
    let listener = TcpListener::bind((name.as_str(), 0)).unwrap();
    let address = format!("{name}:{}", listener.local_addr().unwrap().port());
    (listener, address)
}

/// The value for one host, whose endpoints are JSON.
pub fn value(host: &str, endpoints: &Value) -> String {
    json!({"containerRegistries": {host: endpoints}}).to_string()
}
