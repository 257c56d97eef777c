//! Everything that is killed, and the objects of the cluster.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use fastrand::Rng;
use k8s_openapi::ByteString;
use serde_json::{Value, json};
use tempfile::TempDir;
use testenv::{ControlPlane, Options, Process, free_port};

use super::super::journal::Journal;
use crate::harness::call::call;
use crate::harness::cluster::{NOTHING, kubectl};
use crate::harness::guarded::{hash, start_registry};
use crate::harness::programs::program;
use crate::harness::served::{Prepared, is_ready};

/// The namespace of the registry.
pub const REGISTRY: &str = "infra";
/// Namespaces with a push and a pull secret each.
pub const TEAMS: [&str; 2] = ["team-a", "team-b"];
const VERSION: &str = "registry.mgoltzsche.github.com/v1alpha1";

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

/// A push or a pull secret.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Owner {
    pub namespace: &'static str,
    /// `push` or `pull`.
    pub access: &'static str,
}

impl Owner {
    pub fn all() -> impl Iterator<Item = Self> {
        TEAMS.into_iter().flat_map(|namespace| ["push", "pull"].map(|access| Self { namespace, access }))
    }

    fn kind(self) -> &'static str {
        if self.access == "push" { "ImagePushSecret" } else { "ImagePullSecret" }
    }

    pub fn object(self) -> String {
        format!("image{}secret web", self.access)
    }

    /// The account, without the number of a rotation.
    pub fn account(self) -> String {
        format!("{}.{}.web.", self.access, self.namespace)
    }
}

/// How the API server is asked. Kubectl alone, so that it goes on while the API server is away.
pub struct Cluster {
    pub control_plane: ControlPlane,
    rotations: usize,
}

impl Cluster {
    /// An object; null if there is none, or nobody answers.
    pub fn find(&self, namespace: &str, what: &str) -> Value {
        let words = format!("get {what} -n {namespace} -o json --ignore-not-found");
        serde_json::from_str(&kubectl(&self.control_plane, &words, NOTHING).out).unwrap_or_default()
    }

    /// The values of the Secret of an owner; empty if nobody answers.
    pub fn data(&self, owner: Owner) -> BTreeMap<String, String> {
        data(&self.find(owner.namespace, &format!("secret image{}secret-web", owner.access)))
    }

    /// The accounts by name.
    pub fn accounts(&self) -> BTreeMap<String, Value> {
        let accounts = self.find(REGISTRY, "imageregistryaccounts");
        let accounts = accounts["items"].as_array().cloned().unwrap_or_default();
        let name = |account: &Value| account["metadata"]["name"].as_str().unwrap().to_owned();
        accounts.into_iter().map(|account| (name(&account), account)).collect()
    }

    /// Objects that the controller must leave alone.
    pub fn foreign(&self) -> Vec<Value> {
        let objects = [
            (TEAMS[0], "secret imagepullsecret-taken"),
            (REGISTRY, "imageregistryaccount ci"),
            (REGISTRY, "imageregistry registry"),
            (REGISTRY, "secret registry-tls"),
        ];
        objects.into_iter().map(|(namespace, what)| self.find(namespace, what)).collect()
    }

    /// Waits until each Secret has the credentials that were asked for last.
    pub fn await_ready(&self, patience: Duration) {
        let start = Instant::now();
        loop {
            let unready: Vec<_> = Owner::all().filter(|owner| !self.is_ready(*owner)).collect();
            if unready.is_empty() {
                return;
            }
            assert!(start.elapsed() < patience, "{unready:?}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn is_ready(&self, owner: Owner) -> bool {
        let object = self.find(owner.namespace, &owner.object());
        let secret = self.find(owner.namespace, &format!("secret image{}secret-web", owner.access));
        let account = data(&secret).remove("username").unwrap_or_default();
        let expected =
            format!("Secret image{}secret-web has the credentials of account {account}", owner.access);
        let ready = &object["status"]["conditions"][0];
        let rotation = object["status"]["rotation"].as_u64().unwrap_or_default();
        ready["status"] == "True"
            && ready["message"] == expected.as_str()
            && account == format!("{}{rotation}", owner.account())
    }

    fn rotate(&mut self, owner: Owner) {
        self.rotations += 1;
        let words = format!(
            "annotate --overwrite {} -n {} {}/rotate={}",
            owner.object(),
            owner.namespace,
            "registry.mgoltzsche.github.com",
            self.rotations
        );
        kubectl(&self.control_plane, &words, NOTHING).unwrap();
    }

    fn apply(&self, namespace: &str, object: &Value) {
        kubectl(&self.control_plane, &format!("apply -n {namespace} -f -"), object).unwrap();
    }
}

pub fn data(secret: &Value) -> BTreeMap<String, String> {
    let data: BTreeMap<String, ByteString> =
        serde_json::from_value(secret["data"].clone()).unwrap_or_default();
    data.into_iter().map(|(key, value)| (key, String::from_utf8(value.0).unwrap())).collect()
}

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
        let cluster = Cluster { control_plane, rotations: 0 };
        create_objects(&cluster, port, &authority);
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

fn create_objects(cluster: &Cluster, port: u16, authority: &str) {
    let object = |kind: &str, name: &str, spec: Value| json!({"apiVersion": VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec});
    let volume = json!({"resources": {"requests": {"storage": "1Gi"}}});
    cluster.apply(REGISTRY, &object("ImageRegistry", "registry", json!({"persistentVolumeClaim": volume})));
    let secret = |name: &str, data: Value| json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": data});
    cluster.apply(REGISTRY, &secret("registry-tls", json!({"ca.crt": authority})));
    let status =
        json!({"status": {"hostname": format!("localhost:{port}"), "tlsSecretName": "registry-tls"}});
    let words =
        format!("patch imageregistry registry -n {REGISTRY} --subresource=status --type=merge -p {status}");
    kubectl(&cluster.control_plane, &words, NOTHING).unwrap();
    // An account and a Secret of somebody else, and a pull secret that would like to have the Secret.
    let password = json!({"password": hash("of-somebody-else")});
    cluster.apply(REGISTRY, &object("ImageRegistryAccount", "ci", password));
    cluster.apply(TEAMS[0], &secret("imagepullsecret-taken", json!({"password": "of-somebody-else"})));
    let spec = json!({
        "registryRef": {"name": "registry", "namespace": REGISTRY},
        "rotationInterval": "2m",
        "overlap": "1m",
    });
    cluster.apply(TEAMS[0], &object("ImagePullSecret", "taken", spec.clone()));
    for owner in Owner::all() {
        cluster.apply(owner.namespace, &object(owner.kind(), "web", spec.clone()));
    }
}
