//! The Pod of a cache, as a kubelet would run it: the containers of its `StatefulSet`, whose files come from Secrets. The address
//! of the Pod is that of its Service.

use std::net::{IpAddr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;
use testenv::Process;

use super::cluster::{Cluster, RESOURCE, data};
use crate::harness::call::call;
use crate::harness::command::{Printed, piped};
use crate::harness::programs::program;
use crate::harness::registry::tool;

/// The only Pod of the cache.
pub struct Pod {
    /// Where nodes reach it.
    pub address: SocketAddr,
    /// The authority of its certificate.
    pub authority: String,
    /// The logs of containers that were killed.
    ended: Vec<String>,
    folder: TempDir,
    registry: Container,
    gateway: Container,
}

struct Container {
    command: Command,
    process: Option<Process>,
}

impl Pod {
    pub fn start(cluster: &Cluster) -> Self {
        let address = cluster.find(&format!("service {RESOURCE}"));
        let address: IpAddr = address["spec"]["clusterIP"].as_str().unwrap().parse().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let stateful_set = cluster.find(&format!("statefulset {RESOURCE}"));
        let spec = &stateful_set["spec"]["template"]["spec"];
        let places = Places::new(spec, folder.path(), address);
        places.write_volumes(cluster, spec);
        let container = |kind: &str, name: &str, program: PathBuf| {
            let containers = spec[kind].as_array().unwrap().iter();
            let container = containers.into_iter().find(|container| container["name"] == name).unwrap();
            places.command(program, container)
        };
        let ours = || program("serverless-registry");
        piped(container("initContainers", "helper", ours()), "").unwrap();
        let mut registry = container("containers", "registry", tool("registry"));
        registry.env("REGISTRY_CREDENTIALS_SOCKET", places.here("/run/cache/credentials.sock"));
        let mut gateway = container("containers", "gateway", ours());
        gateway.env("KUBECONFIG", cluster.kubeconfig_of_gateway());
        let authority = data(&cluster.find(&format!("secret {RESOURCE}-ca")))["bundle.crt"].clone();
        let container = |command| Container { command, process: None };
        let mut new = Self {
            address: (address, 5000).into(),
            authority,
            ended: Vec::new(),
            folder,
            registry: container(registry),
            gateway: container(gateway),
        };
        new.restart_registry();
        new.restart_gateway();
        new
    }

    /// Kills the registry if it runs, and starts it again.
    pub fn restart_registry(&mut self) {
        let address = (self.address.ip(), 5002);
        let log = self.folder.path().join("registry.log");
        self.ended.extend(self.registry.kill());
        let mut process = Process::start(&self.registry.command, &log).unwrap();
        process.wait_until("the registry listens", || TcpStream::connect(address).is_ok()).unwrap();
        self.registry.process = Some(process);
    }

    /// Kills the gateway if it runs, and starts it again.
    pub fn restart_gateway(&mut self) {
        let log = self.folder.path().join("gateway.log");
        self.ended.extend(self.gateway.kill());
        let mut process = Process::start(&self.gateway.command, &log).unwrap();
        let admin = self.address.ip().to_string();
        let is_ready = || {
            let answer = call((&admin, 9090), "GET", "/readyz", &[], b"");
            answer.is_some_and(|answer| answer.status == 200)
        };
        process.wait_until("the gateway is ready", is_ready).unwrap();
        self.gateway.process = Some(process);
    }

    /// Kills both.
    pub fn kill(&mut self) {
        self.ended.extend(self.registry.kill());
        self.ended.extend(self.gateway.kill());
    }

    /// What the registry gets as credentials.
    pub fn credentials(&self) -> Printed {
        let helper = self.folder.path().join("helper/docker-credential-cache");
        let mut command = Command::new(helper);
        command
            .arg("get")
            .env("REGISTRY_CREDENTIALS_SOCKET", self.folder.path().join("socket/credentials.sock"));
        piped(command, "upstream.test")
    }

    /// All that its containers have logged.
    pub fn logs(&self) -> Vec<String> {
        let running =
            [&self.registry, &self.gateway].into_iter().filter_map(|container| container.process.as_ref());
        self.ended.iter().cloned().chain(running.map(Process::output)).collect()
    }
}

impl Container {
    /// Returns what it has logged, if it was running.
    fn kill(&mut self) -> Option<String> {
        let mut process = self.process.take()?;
        process.signal("KILL").unwrap();
        process.wait().unwrap();
        Some(process.output())
    }
}

/// What is where on this machine.
struct Places {
    address: String,
    /// Paths in containers, and those here.
    mounts: Vec<(String, String)>,
    folder: PathBuf,
}

impl Places {
    fn new(spec: &Value, folder: &Path, address: IpAddr) -> Self {
        let containers = ["initContainers", "containers"].map(|kind| spec[kind].as_array().unwrap());
        let mounts = containers
            .into_iter()
            .flatten()
            .flat_map(|container| container["volumeMounts"].as_array().unwrap());
        let mount = |mount: &Value| {
            let volume = folder.join(mount["name"].as_str().unwrap());
            std::fs::create_dir_all(&volume).unwrap();
            (mount["mountPath"].as_str().unwrap().to_owned(), volume.display().to_string())
        };
        let mut mounts: Vec<_> = mounts.map(mount).collect();
        mounts.sort();
        mounts.dedup();
        Self { address: address.to_string(), mounts, folder: folder.to_owned() }
    }

    /// A text of a container with paths and addresses as they are here.
    fn here(&self, text: &str) -> String {
        let of_this_pod =
            [("[::]:", format!("{}:", self.address)), ("127.0.0.1:", format!("{}:", self.address))];
        let debug = [("\":5001\"", format!("\"{}:5001\"", self.address))];
        let addresses = of_this_pod.into_iter().chain(debug);
        let text = addresses.fold(text.to_owned(), |text, (there, here)| text.replace(there, &here));
        self.mounts.iter().fold(text, |text, (there, here)| text.replace(there.as_str(), here))
    }

    /// Writes what the kubelet takes from Secrets.
    fn write_volumes(&self, cluster: &Cluster, spec: &Value) {
        for volume in spec["volumes"].as_array().unwrap() {
            let Some(secret) = volume["secret"]["secretName"].as_str() else { continue };
            let data = data(&cluster.find(&format!("secret {secret}")));
            for item in volume["secret"]["items"].as_array().unwrap() {
                let [key, path] = ["key", "path"].map(|field| item[field].as_str().unwrap());
                let file = self.folder.join(volume["name"].as_str().unwrap()).join(path);
                let text = if path == "config.yml" { self.here(&data[key]) } else { data[key].clone() };
                std::fs::write(file, text).unwrap();
            }
        }
    }

    fn command(&self, program: PathBuf, container: &Value) -> Command {
        let mut command = Command::new(program);
        let arguments = container["args"].as_array().unwrap().iter();
        command.args(arguments.map(|argument| self.here(argument.as_str().unwrap())));
        for variable in container["env"].as_array().into_iter().flatten() {
            command.env(variable["name"].as_str().unwrap(), self.here(variable["value"].as_str().unwrap()));
        }
        command
    }
}
