//! The upstream: a registry with accounts, each of which may pull some of its repositories.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use serde_json::json;
use tempfile::TempDir;
use testenv::{ControlPlane, Process};

use super::node::Node;
use crate::harness::cluster::{NOTHING, kubectl};
use crate::harness::guarded::{NAME, hash, start_registry};
use crate::harness::served::{Prepared, RulesFile, is_ready};

/// The namespace of its accounts.
pub const NAMESPACE: &str = "upstream";
/// Each may pull its own repositories; the pusher writes all.
const RULES: &str = "\
acl:
- match: {account: \"cache-*\"}
  actions: [pull]
- match: {account: pusher}
  actions: [pull, push]
- match: {account: team, name: \"team/*\"}
  actions: [pull]
- match: {account: other, name: \"other/*\"}
  actions: [pull]
";

pub struct Upstream {
    pub port: u16,
    /// The authority of its certificate.
    pub authority: String,
    folder: TempDir,
    command: Command,
    admin: u16,
    registry_port: u16,
    registry: Option<Process>,
    gateway: Option<Process>,
    ended: Vec<String>,
    _rules: RulesFile,
}

impl Upstream {
    pub fn start(kubeconfig: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let rules = RulesFile::new(RULES);
        let prepared = Prepared::new(&folder, kubeconfig, NAMESPACE, &[rules.flag()]);
        let Prepared { command, port, admin, upstream, authority } = prepared;
        let mut new = Self {
            port,
            authority,
            folder,
            command,
            admin,
            registry_port: upstream,
            registry: None,
            gateway: None,
            ended: Vec::new(),
            _rules: rules,
        };
        new.resume();
        new
    }

    /// Kills all of it.
    pub fn kill(&mut self) {
        for process in [self.gateway.take(), self.registry.take()].into_iter().flatten() {
            let mut process = process;
            process.signal("KILL").unwrap();
            process.wait().unwrap();
            self.ended.push(process.output());
        }
    }

    /// Starts it again.
    pub fn resume(&mut self) {
        self.registry = Some(start_registry("registry", &self.folder, self.registry_port, self.port));
        let mut gateway = Process::start(&self.command, &self.folder.path().join("gateway.log")).unwrap();
        let admin = self.admin;
        gateway.wait_until("the upstream is ready", || is_ready(admin)).unwrap();
        self.gateway = Some(gateway);
    }

    /// What it has logged.
    pub fn logs(&self) -> Vec<String> {
        let running = [&self.registry, &self.gateway].into_iter().flatten();
        self.ended.iter().cloned().chain(running.map(Process::output)).collect()
    }

    /// Whether an account may log in.
    pub fn knows(&self, login: (&str, &str)) -> bool {
        let address: SocketAddr = ([127, 0, 0, 1], self.port).into();
        Node::new(address, &self.authority).is_known(login, NAME)
    }
}

pub fn add_account(control_plane: &ControlPlane, (user, password): (&str, &str)) {
    let account = json!({
        "apiVersion": "registry.mgoltzsche.github.com/v1alpha1",
        "kind": "ImageRegistryAccount",
        "metadata": {"name": user},
        "spec": {"password": hash(password)},
    });
    kubectl(control_plane, &format!("create --namespace={NAMESPACE} -f -"), &account).unwrap();
}

pub fn remove_account(control_plane: &ControlPlane, user: &str) {
    kubectl(control_plane, &format!("delete --namespace={NAMESPACE} imageregistryaccount {user}"), NOTHING)
        .unwrap();
}
