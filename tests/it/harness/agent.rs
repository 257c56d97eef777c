//! The agent of nodes, as a process that follows the Secret of a namespace.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use api::names::container_registries::OF_NODES as SECRET;
use api::names::program_label::{CONTROLLER, NAME};
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};
use tempfile::TempDir;
use testenv::{Process, free_port};

use crate::harness::cluster::client;
use crate::harness::command::piped;
use crate::harness::real_cluster::{CLUSTER, Namespace, RUNTIME};
use crate::harness::wait::wait_within;

/// Long enough for three probes of a mirror, on a busy machine.
const PROBED: Duration = Duration::from_mins(1);

/// Held by who lets an agent write to the folder of containerd: an agent removes files of ours that its Secret does not ask for.
pub static FOLDER_OF_CONTAINERD: Mutex<()> = Mutex::new(());

/// A running agent. Ends when dropped.
pub struct Agent {
    pub process: Process,
    hosts: PathBuf,
    secrets: Api<Secret>,
    _account: TempDir,
}

impl Agent {
    /// Follows the Secret of a namespace with an account that may read no other one, and writes below a folder.
    pub fn start(namespace: &Namespace, hosts: &Path) -> Self {
        let account = TempDir::new().unwrap();
        fs::write(account.path().join("token"), token(namespace)).unwrap();
        fs::copy(CLUSTER.control_plane.folder().join("ca.crt"), account.path().join("ca.crt")).unwrap();
        let url = CLUSTER.control_plane.url();
        let mut command = program();
        command
            .args(["run", "--namespace", namespace.name, "--account-dir"])
            .arg(account.path())
            .arg("--hosts-dir")
            .arg(hosts)
            .arg(format!("--admin-listen=127.0.0.1:{}", free_port().unwrap()))
            .env("KUBERNETES_SERVICE_HOST", "127.0.0.1")
            .env("KUBERNETES_SERVICE_PORT", url.rsplit_once(':').unwrap().1);
        let log = CLUSTER.control_plane.folder().join(format!("agent-{}.log", namespace.name));
        let process = Process::start(&command, &log).unwrap();
        let client = RUNTIME.block_on(client(&CLUSTER.control_plane.kubeconfig()));
        let secrets = Api::namespaced(client, namespace.name);
        Self { process, hosts: hosts.to_owned(), secrets, _account: account }
    }

    /// Writes the Secret, as the controller does: what people write, by host.
    pub fn set(&self, registries: &Value) {
        let values = json!({"containerRegistries": registries}).to_string();
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": SECRET, "labels": {(NAME): CONTROLLER}}, "stringData": {"values": values},
        });
        let params = PatchParams::apply("tests").force();
        RUNTIME.block_on(self.secrets.patch(SECRET, &params, &Patch::Apply(&secret))).unwrap();
    }

    /// The file of a host, if there is one.
    pub fn file(&self, host: &str) -> String {
        fs::read_to_string(self.hosts.join(host).join("hosts.toml")).unwrap_or_default()
    }

    /// Waits until the file of a host is as it should be.
    pub fn await_file(&self, host: &str, holds: impl Fn(&str) -> bool) {
        wait_within(PROBED, &format!("the file of {host}"), || holds(&self.file(host)));
    }

    /// Ends it, and removes all that it has written.
    pub fn uninstall(mut self) {
        self.process.signal("TERM").unwrap();
        assert_eq!(self.process.wait().unwrap(), 0);
        let mut clean = program();
        clean.args(["clean", "--hosts-dir"]).arg(&self.hosts);
        piped(clean, "").unwrap();
    }
}

/// The program in the variable `NODE_AGENT`, or the one that was built for the tests.
fn program() -> Command {
    let built =
        || PathBuf::from(env!("CARGO_BIN_EXE_serverless-webhook")).with_file_name("serverless-node-agent");
    Command::new(std::env::var_os("NODE_AGENT").map_or_else(built, PathBuf::from))
}

/// A token of an account with the rights that an agent has.
fn token(namespace: &Namespace) -> String {
    let object = |kind: &str, rest: Value| {
        let group = if kind == "ServiceAccount" { "v1" } else { "rbac.authorization.k8s.io/v1" };
        let mut object = json!({"apiVersion": group, "kind": kind, "metadata": {"name": "agent"}});
        object.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        object
    };
    let rights = json!({"apiGroups": [""], "resources": ["secrets"], "resourceNames": [SECRET], "verbs": ["get", "watch"]});
    let role = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "agent"});
    let subject = json!({"kind": "ServiceAccount", "name": "agent"});
    namespace.apply(&object("ServiceAccount", json!({})));
    namespace.apply(&object("Role", json!({"rules": [rights]})));
    namespace.apply(&object("RoleBinding", json!({"roleRef": role, "subjects": [subject]})));
    namespace.kubectl("create token agent")
}
