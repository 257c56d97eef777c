//! The controller, which reconciles caches and the registries of nodes alone.

use std::process::Command;

use tempfile::TempDir;
use testenv::{Process, free_port};

use super::cluster::Cluster;
use crate::harness::call::call;
use crate::harness::programs::program;

pub struct Controller {
    pub process: Process,
    admin: u16,
    _folder: TempDir,
    /// How many were started before.
    pub started: usize,
}

impl Controller {
    pub fn start(cluster: &Cluster, started: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let admin = free_port().unwrap();
        let mut run = Command::new(program("serverless-controller"));
        run.args(["run", "--log-format=text", "--lease-duration=5s"]);
        run.arg("--reconcile=registry-caches,nodes");
        run.arg(format!("--admin-listen=127.0.0.1:{admin}"));
        run.env("KUBECONFIG", cluster.control_plane.kubeconfig());
        run.env("HOSTNAME", format!("controller-{started}"));
        let process = Process::start(&run, &folder.path().join("log")).unwrap();
        Self { process, admin, _folder: folder, started }
    }

    /// Waits until it leads.
    pub fn await_term(&mut self) {
        let address = ("127.0.0.1", self.admin);
        let leads = || {
            let metrics = call(address, "GET", "/metrics", &[], b"");
            metrics.is_some_and(|metrics| metrics.body.contains("\nserverless_controller_leads 1\n"))
        };
        self.process.wait_until("the next controller leads", leads).unwrap();
    }
}
