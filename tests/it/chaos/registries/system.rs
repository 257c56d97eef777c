//! Everything that is killed.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use fastrand::Rng;
use tempfile::TempDir;
use testenv::{ControlPlane, Options, Process, free_port};

use super::super::journal::Journal;
use super::cluster::{Cluster, Owner, REGISTRY, TEAMS};
use crate::harness::call::call;
use crate::harness::cluster::{NOTHING, kubectl};
use crate::harness::guarded::start_registry;
use crate::harness::programs::program;
use crate::harness::served::{Prepared, is_ready};

/// What happens.
#[derive(Clone, Copy, Debug)]
pub enum Disturbance {
    Rotate,
    KillControllerInRotations,
    KillController,
    KillGateway,
    KillRegistry,
    RestartApiServer,
}

impl Disturbance {
    pub const ALL: [Self; 8] = [
        Self::Rotate,
        Self::KillControllerInRotations,
        Self::KillGateway,
        Self::KillRegistry,
        Self::Rotate,
        Self::KillController,
        Self::RestartApiServer,
        Self::KillControllerInRotations,
    ];
}

/// Everything that runs.
pub struct System {
    pub cluster: Cluster,
    pub port: u16,
    /// The certificate of the authority that clients trust.
    pub authority: String,
    /// The admin port of the controller that runs.
    pub admin_of_controller: u16,
    folder: TempDir,
    gateway: Command,
    admin: u16,
    upstream: u16,
    started: usize,
    controller: Option<Process>,
    serving: Option<Process>,
    registry: Option<Process>,
}

impl System {
    pub fn start() -> Self {
        let control_plane = ControlPlane::start(&Options::default()).unwrap();
        testenv::install_crds(&control_plane).unwrap();
        for namespace in ["kyma-system", REGISTRY].into_iter().chain(TEAMS) {
            kubectl(&control_plane, &format!("create namespace {namespace}"), NOTHING).unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        let prepared = Prepared::new(&folder, &control_plane.kubeconfig(), REGISTRY, &[]);
        let Prepared { command, port, admin, upstream, authority } = prepared;
        let cluster = Cluster::new(control_plane, port, &authority);
        let mut new = Self {
            cluster,
            port,
            authority,
            admin_of_controller: 0,
            folder,
            gateway: command,
            admin,
            upstream,
            started: 0,
            controller: None,
            serving: None,
            registry: None,
        };
        new.start_registry();
        new.start_gateway();
        new.start_controller();
        new
    }

    fn start_registry(&mut self) {
        self.registry = Some(start_registry("registry", &self.folder, self.upstream, self.port));
    }

    fn start_gateway(&mut self) {
        let log = self.log("gateway");
        let mut process = Process::start(&self.gateway, &log).unwrap();
        let admin = self.admin;
        process.wait_until("the gateway is ready", || is_ready(admin)).unwrap();
        self.serving = Some(process);
    }

    fn start_controller(&mut self) {
        let log = self.log("controller");
        self.admin_of_controller = free_port().unwrap();
        let mut run = Command::new(program("serverless-controller"));
        run.args(["run", "--log-format=text", "--lease-duration=5s"]);
        run.arg("--reconcile=image-secrets,image-accounts");
        run.arg(format!("--admin-listen=127.0.0.1:{}", self.admin_of_controller));
        run.env("KUBECONFIG", self.cluster.control_plane.kubeconfig());
        run.env("HOSTNAME", format!("controller-{}", self.started));
        self.controller = Some(Process::start(&run, &log).unwrap());
    }

    /// A file for the log of a process.
    fn log(&mut self, name: &str) -> PathBuf {
        self.started += 1;
        self.folder.path().join(format!("{name}-{}.log", self.started))
    }

    /// What our programs have logged, those that were killed, too.
    pub fn logs(&self) -> Vec<(String, String)> {
        let files = std::fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap());
        let name = |entry: &std::fs::DirEntry| entry.file_name().into_string().unwrap();
        let ours = files.filter(|entry| {
            let name = name(entry);
            let is_log = entry.path().extension().is_some_and(|extension| extension == "log");
            is_log && (name.starts_with("gateway") || name.starts_with("controller"))
        });
        ours.map(|entry| (name(&entry), std::fs::read_to_string(entry.path()).unwrap())).collect()
    }

    /// Only what clients talk to may make their requests fail while it is away: the gateway and the registry.
    pub fn disturb(&mut self, disturbance: Disturbance, random: &mut Rng, journal: &Journal) {
        match disturbance {
            Disturbance::Rotate => {
                let owners: Vec<_> = Owner::all().collect();
                self.cluster.rotate(owners[random.usize(..owners.len())]);
            }
            Disturbance::KillControllerInRotations => {
                for owner in Owner::all() {
                    self.cluster.rotate(owner);
                }
                std::thread::sleep(Duration::from_millis(random.u64(0..800)));
                self.replace_controller();
            }
            Disturbance::KillController => self.replace_controller(),
            Disturbance::KillGateway => journal.outage(|| {
                self.serving = None;
                self.start_gateway();
            }),
            Disturbance::KillRegistry => journal.outage(|| {
                self.registry = None;
                self.start_registry();
            }),
            Disturbance::RestartApiServer => self.cluster.control_plane.restart_api_server().unwrap(),
        }
    }

    /// The next controller leads when the term of the last one has ended.
    fn replace_controller(&mut self) {
        self.controller = None;
        self.start_controller();
        let address = ("127.0.0.1", self.admin_of_controller);
        let process = self.controller.as_mut().unwrap();
        let leads = || {
            let metrics = call(address, "GET", "/metrics", &[], b"");
            metrics.is_some_and(|metrics| metrics.body.contains("\nserverless_controller_leads 1\n"))
        };
        process.wait_until("the next controller leads", leads).unwrap();
    }
}
