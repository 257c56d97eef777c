//! All that is killed and cut off: replicas of the webhook, controllers, the API server, registries, the Git server; and the
//! node, which goes on.

use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use serde_json::Value;
use testenv::{ControlPlane, Options, Process};

use super::journal::Journal;
use super::plan::Which;
use crate::cluster::{kubectl, wait_until_called};
use crate::git_servers::{Daemon, Repository};
use crate::registries::{Auth, Node, Registry};
use crate::replicas::{Installed, NAMESPACE};

const NOTHING: &Value = &Value::Null;
const REPLICAS: usize = 3;
const CONTROLLERS: usize = 2;

/// What happens to the system, and is over in the end.
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

/// What there is outside of the cluster.
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

    /// The texts of a registry Secret.
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

/// The controller as it runs in clusters. The command that builds the tests does not build it.
static CONTROLLER: LazyLock<PathBuf> = LazyLock::new(|| {
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--locked", "--workspace", "--bins", "--tests"]).current_dir(testenv::root());
    let output = build.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    PathBuf::from(env!("CARGO_BIN_EXE_serverless-webhook")).with_file_name("serverless-controller")
});

pub struct System {
    pub installed: Installed,
    pub remotes: Arc<Remotes>,
    controllers: Vec<Process>,
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
        for _ in 0..REPLICAS {
            installed.start();
        }
        wait_until_called(&installed.control_plane);
        for file in ["manifests/controller/accounts.yaml", "manifests/runtimes/runtimes.yaml"] {
            let words = format!("apply -n {NAMESPACE} -f {}", testenv::root().join(file).display());
            kubectl(&installed.control_plane, &words, NOTHING).unwrap();
        }
        let remotes = Arc::new(Remotes::start());
        let mut new = Self { installed, remotes, controllers: Vec::new(), started: 0, _node: node };
        for _ in 0..CONTROLLERS {
            new.start_controller();
        }
        new
    }

    fn start_controller(&mut self) {
        let log = self.installed.control_plane.folder().join(format!("controller-{}.log", self.started));
        self.started += 1;
        let mut run = Command::new(&*CONTROLLER);
        run.args(["run", "--log-format=text", "--admin-listen=127.0.0.1:0", "--lease-duration=3s"]);
        run.env("KUBECONFIG", &self.installed.kubeconfig)
            .env("HOSTNAME", format!("controller-{}", self.started));
        // What is down comes back in seconds here.
        run.env("APP_FUNCTION_REQUEUE_DURATION", "5s")
            .env("APP_FUNCTION_FUNCTION_READY_REQUEUE_DURATION", "5s");
        self.controllers.push(Process::start(&run, &log).unwrap());
    }

    /// Has something happen, of several alike to the one of an index; those that are cut off are so for a while.
    pub fn disturb(&mut self, disturbance: Disturbance, index: usize, cut: Duration, journal: &Journal) {
        let pause = || std::thread::sleep(cut);
        match disturbance {
            Disturbance::KillReplica => {
                journal.outage(|| self.installed.kill(index % REPLICAS));
                self.installed.start();
            }
            Disturbance::RollReplica => {
                self.installed.start();
                self.installed.terminate(index % REPLICAS);
            }
            Disturbance::KillController => {
                drop(self.controllers.remove(index % CONTROLLERS));
                self.start_controller();
            }
            Disturbance::RollController => {
                let mut controller = self.controllers.remove(index % CONTROLLERS);
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

    /// What all processes of the product have logged so far, those that have ended too.
    pub fn logs(&self) -> Vec<(String, String)> {
        let folder = self.installed.control_plane.folder();
        let logs = (0..self.installed.started).map(|index| format!("webhook-{index}.log"));
        let logs = logs.chain((0..self.started).map(|index| format!("controller-{index}.log")));
        logs.map(|name| (name.clone(), std::fs::read_to_string(folder.join(name)).unwrap())).collect()
    }
}
