//! Everything that is killed and cut off: replicas of the webhook, controllers, the API server, registries, the Git
//! server; and the node, which keeps running.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use testenv::{ControlPlane, Options, Process, Replica, free_port};

use super::health::{Ports, Running};
use super::journal::Journal;
use super::plan::Which;
use crate::harness::cluster::kubectl;
use crate::harness::git_servers::{Daemon, Repository};
use crate::harness::installed::wait_until_called;
use crate::harness::programs::program;
use crate::harness::registry::{Auth, Node, Registry};
use crate::harness::replicas::{Installed, NAMESPACE};

const NOTHING: &Value = &Value::Null;
const REPLICAS: usize = 3;
const CONTROLLERS: usize = 2;
/// How many builds may run at the same time, in total and in one namespace: the adversary's four namespaces leave two
/// slots.
const CONFIGURATION: &str = "build: {maxSimultaneousJobs: 10, maxJobsPerNamespace: 2}";

/// A disturbance, which ends after a while.
#[derive(Clone, Copy, Debug)]
pub enum Disturbance {
    KillReplica,
    RollReplica,
    KillController,
    RollController,
    RestartApiServer,
    CutRegistry(Which),
    CutGit,
}

impl Disturbance {
    pub const ALL: [Self; 8] = [
        Self::KillReplica,
        Self::RollReplica,
        Self::KillController,
        Self::RollController,
        Self::RestartApiServer,
        Self::CutRegistry(0),
        Self::CutRegistry(1),
        Self::CutGit,
    ];
}

/// Everything outside of the cluster.
pub struct Remotes {
    registries: [Registry; 2],
    code: Repository,
    git: Daemon,
}

impl Remotes {
    fn start() -> Self {
        let code = Repository::new();
        let git = Daemon::start(&code);
        let registries =
            [Registry::start(Auth::Basic, &password(0)), Registry::start(Auth::Token, &password(0))];
        Self { registries, code, git }
    }

    pub fn git_url(&self) -> &str {
        &self.git.url
    }

    pub fn registry(&self, which: Which) -> &Registry {
        &self.registries[which]
    }

    pub fn set_password(&self, which: Which, number: usize) {
        self.registries[which].set_password(&password(number));
    }

    /// The data of a registry Secret.
    pub fn secret(&self, which: Which, number: usize) -> Value {
        self.registries[which].secret(&password(number))
    }

    pub fn commit(&self, text: &str) {
        self.code.commit("fn/handler.js", text);
    }
}

pub fn password(number: usize) -> String {
    format!("fake-{number}")
}

pub struct System {
    pub installed: Installed,
    pub remotes: Arc<Remotes>,
    pub running: Running,
    /// The controllers with their names.
    controllers: Vec<(String, Process)>,
    started: usize,
    _node: Node,
}

impl System {
    pub fn start() -> Self {
        let mut control_plane =
            ControlPlane::start(&Options { controllers: true, ..Options::default() }).unwrap();
        control_plane.leave_pods_alone();
        let node = Node::start(&control_plane);
        let mut installed = Installed::on(control_plane, &[]);
        std::fs::write(installed.control_plane.folder().join("controller.yaml"), CONFIGURATION).unwrap();
        let running = Running::default();
        for _ in 0..REPLICAS {
            start_replica(&mut installed, &running);
        }
        wait_until_called(&installed.control_plane);
        for file in ["manifests/controller/accounts.yaml", "manifests/runtimes/runtimes.yaml"] {
            let words = format!("apply -n {NAMESPACE} -f {}", testenv::root().join(file).display());
            kubectl(&installed.control_plane, &words, NOTHING).unwrap();
        }
        let remotes = Arc::new(Remotes::start());
        let mut new = Self { installed, remotes, running, controllers: Vec::new(), started: 0, _node: node };
        for _ in 0..CONTROLLERS {
            new.start_controller();
        }
        new
    }

    fn start_controller(&mut self) {
        let (name, folder) = (format!("controller-{}", self.started), self.installed.control_plane.folder());
        let log = folder.join(format!("{name}.log"));
        self.started += 1;
        let admin = free_port().unwrap();
        let mut run = Command::new(program("serverless-controller"));
        run.args(["run", "--log-format=text", "--lease-duration=5s"]);
        run.arg(format!("--admin-listen=127.0.0.1:{admin}"));
        run.arg("--config").arg(folder.join("controller.yaml"));
        run.env("KUBECONFIG", &self.installed.kubeconfig).env("HOSTNAME", &name);
        // Outages last only seconds here.
        run.env("APP_FUNCTION_REQUEUE_DURATION", "5s")
            .env("APP_FUNCTION_FUNCTION_READY_REQUEUE_DURATION", "5s");
        self.running.add(&name, Ports { serves: None, admin });
        self.controllers.push((name, Process::start(&run, &log).unwrap()));
    }

    fn remove_controller(&mut self, index: usize) -> Process {
        let (name, process) = self.controllers.remove(index % CONTROLLERS);
        self.running.remove(&name);
        process
    }

    fn start_replica(&mut self) {
        start_replica(&mut self.installed, &self.running);
    }

    /// A replica that is about to end need not answer any more.
    fn leave_replica(&self, index: usize) {
        self.running.remove(&replica_name(&self.installed.replicas[index]));
    }

    /// Processes that have ended although nobody ended them.
    pub fn ended(&mut self) -> Vec<String> {
        let replicas = self.installed.replicas.iter_mut();
        let replicas = replicas.map(|replica| (replica_name(replica), &mut replica.process));
        let controllers = self.controllers.iter_mut().map(|(name, process)| (name.clone(), process));
        let ended = controllers.chain(replicas).filter_map(|(name, process)| {
            let code = process.ended().unwrap()?;
            Some(format!("{name} has ended by itself with code {code}: {}", process.output_file().display()))
        });
        ended.collect()
    }

    /// Causes a disturbance. If there are several targets, `index` selects one. Cut-off targets are restored after a
    /// while.
    pub fn disturb(&mut self, disturbance: Disturbance, index: usize, cut: Duration, journal: &Journal) {
        let pause = || std::thread::sleep(cut);
        match disturbance {
            Disturbance::KillReplica => {
                self.leave_replica(index % REPLICAS);
                journal.outage(|| self.installed.kill(index % REPLICAS));
                self.start_replica();
            }
            Disturbance::RollReplica => {
                self.start_replica();
                self.leave_replica(index % REPLICAS);
                self.installed.terminate(index % REPLICAS);
            }
            Disturbance::KillController => {
                drop(self.remove_controller(index));
                self.start_controller();
            }
            Disturbance::RollController => {
                let mut controller = self.remove_controller(index);
                self.start_controller();
                controller.signal("TERM").unwrap();
                assert_eq!(controller.wait().unwrap(), 0, "{}", controller.output());
            }
            Disturbance::RestartApiServer => {
                journal.outage(|| self.installed.control_plane.restart_api_server().unwrap());
                self.installed.control_plane.restart_controllers().unwrap();
            }
            Disturbance::CutRegistry(which) => {
                let registry = self.remotes.registry(which);
                registry.stop();
                pause();
                registry.resume();
            }
            Disturbance::CutGit => {
                self.remotes.git.stop();
                pause();
                self.remotes.git.resume();
            }
        }
    }

    /// The logs of all processes of the product so far, including those that have ended.
    pub fn logs(&self) -> Vec<(String, String)> {
        let folder = self.installed.control_plane.folder();
        let logs = (0..self.installed.started).map(|index| format!("webhook-{index}.log"));
        let logs = logs.chain((0..self.started).map(|index| format!("controller-{index}.log")));
        logs.map(|name| (name.clone(), std::fs::read_to_string(folder.join(name)).unwrap())).collect()
    }
}

fn start_replica(installed: &mut Installed, running: &Running) {
    installed.start();
    let replica = installed.replicas.last().unwrap();
    running.add(&replica_name(replica), Ports { serves: Some(replica.port), admin: replica.admin_port });
}

fn replica_name(replica: &Replica) -> String {
    format!("webhook of port {}", replica.port)
}
