//! The components, in the order in which they start.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Context as _;
use serde_json::json;

use crate::components::{Component, api_server_args, manager_args, scheduler_args, start_etcd};
use crate::kwok;
use crate::pki::Pki;
use crate::places::{assets, folder_of, root};
use crate::process::{PATIENCE, Process, free_port};

/// The parts of a control plane, in addition to etcd and kube-apiserver.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// kube-controller-manager, kube-scheduler, and kwok with a node.
    pub controllers: bool,
    /// For a real node in place of the one of kwok: see [`crate::Node`].
    pub real_node: bool,
    /// Further flags of kube-apiserver.
    pub api_server_flags: Vec<String>,
}

/// A running control plane. Ends when dropped, or with the process that started it.
pub struct ControlPlane {
    // Dropped in this order.
    controllers: Vec<Component>,
    api_server: Option<Process>,
    _etcd: Process,
    assets: PathBuf,
    folder: PathBuf,
    pki: Pki,
    api_server_args: Vec<String>,
    port: u16,
}

static STARTED: AtomicU32 = AtomicU32::new(0);

impl ControlPlane {
    /// Starts a control plane and waits until it is ready.
    ///
    /// # Errors
    /// If a component is not built, or does not start: with the end of its log.
    pub fn start(options: &Options) -> anyhow::Result<Self> {
        let assets = assets()?;
        let folder = new_folder()?;
        let pki = Pki::create(&folder)?;
        let port = free_port()?;
        let (etcd, etcd_url) = start_etcd(&assets, &folder)?;
        let mut api_server_args = api_server_args(&pki, &etcd_url, port, options.real_node)?;
        api_server_args.extend_from_slice(&options.api_server_flags);
        let mut new = Self {
            controllers: Vec::new(),
            api_server: None,
            _etcd: etcd,
            assets,
            folder,
            pki,
            api_server_args,
            port,
        };
        new.write_kubeconfig("admin", "admin", "system:masters")?;
        new.start_api_server()?;
        if options.controllers {
            new.start_controllers(options.real_node)?;
        }
        Ok(new)
    }

    /// The folder of certificates, kubeconfigs, data and logs.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The kubeconfig of an administrator.
    #[must_use]
    pub fn kubeconfig(&self) -> PathBuf {
        self.kubeconfig_of("admin")
    }

    /// A kubeconfig for any user, in one group: `system:serviceaccount:NAMESPACE:NAME` acts as that account.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn kubeconfig_for(&self, user: &str, group: &str) -> anyhow::Result<PathBuf> {
        let name = user.replace(':', "-");
        self.write_kubeconfig(&name, user, group)?;
        Ok(self.kubeconfig_of(&name))
    }

    /// A certificate for names that the authority of the control plane has signed, and its key, as files.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn server_certificate(&self, names: &[&str]) -> anyhow::Result<[PathBuf; 2]> {
        let name = names.first().context("a name")?;
        self.pki.server(name, names)?;
        Ok(["crt", "key"].map(|kind| self.pki.path(&format!("{name}.{kind}"))))
    }

    /// The address of the API server.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// kubectl, as an administrator.
    #[must_use]
    pub fn kubectl(&self) -> Command {
        self.tool("kubectl")
    }

    /// A tool from the assets, run as an administrator: `kubectl`, `helm`.
    #[must_use]
    pub fn tool(&self, name: &str) -> Command {
        let mut command = Command::new(self.assets.join(name));
        // Ignores the user's own configuration.
        command.env("KUBECONFIG", self.kubeconfig()).env("HOME", &self.folder);
        command
    }

    /// Runs kubectl as an administrator.
    ///
    /// # Errors
    /// With the error of kubectl, if it fails.
    pub fn kubectl_ok<'a>(&self, args: impl IntoIterator<Item = &'a OsStr>) -> anyhow::Result<()> {
        let output = self.kubectl().args(args).output().context("kubectl")?;
        anyhow::ensure!(output.status.success(), "kubectl: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    /// Kills kube-apiserver, like a crash, and starts it again on the same port.
    ///
    /// # Errors
    /// If it does not start.
    pub fn restart_api_server(&mut self) -> anyhow::Result<()> {
        self.api_server = None;
        self.start_api_server()
    }

    /// Restarts the Kubernetes controllers, as when a control plane node restarts. Some of them remember until they end
    /// what they saw while the API server was down, such as resources that were not found.
    ///
    /// # Errors
    /// If they do not start.
    pub fn restart_controllers(&mut self) -> anyhow::Result<()> {
        self.controllers.iter_mut().try_for_each(Component::restart)
    }

    fn start_api_server(&mut self) -> anyhow::Result<()> {
        let mut command = Command::new(self.assets.join("kube-apiserver"));
        command.args(&self.api_server_args);
        let mut process = Process::start(&command, &self.folder.join("kube-apiserver.log"))?;
        process.wait_until("ready", || is_ok(self.kubectl().args(["get", "--raw", "/readyz"]).output()))?;
        self.api_server = Some(process);
        Ok(())
    }

    fn start_controllers(&mut self, real_node: bool) -> anyhow::Result<()> {
        let manager = self.component("kube-controller-manager", manager_args(&self.pki, real_node))?;
        let scheduler = self.component("kube-scheduler", scheduler_args())?;
        self.controllers.extend([manager, scheduler]);
        if real_node {
            return Ok(());
        }
        let mut kwok = Command::new(self.assets.join("kwok"));
        kwok.args([
            format!("--kubeconfig={}", self.kubeconfig().display()),
            format!("--config={}", kwok::write_stages(&self.assets, &self.folder)?.display()),
            "--manage-all-nodes=true".to_owned(),
            format!("--server-address=127.0.0.1:{}", free_port()?),
        ]);
        self.controllers.push(Component::start(kwok, self.folder.join("kwok.log"))?);
        self.create_node()
    }

    /// A component that runs as the user of its name.
    fn component(&self, name: &str, args: Vec<String>) -> anyhow::Result<Component> {
        let user = format!("system:{name}");
        let kubeconfig = self.kubeconfig_for(&user, &user)?;
        let mut command = Command::new(self.assets.join(name));
        command.arg(format!("--kubeconfig={}", kubeconfig.display())).args(args);
        Component::start(command, self.folder.join(format!("{name}.log")))
    }

    /// Ends kwok: the node stays, and the caller sets the status of its Pods.
    pub fn leave_pods_alone(&mut self) {
        // It was started last, so it is the last in the list.
        self.controllers.pop();
    }

    fn create_node(&mut self) -> anyhow::Result<()> {
        let file = self.folder.join("node.json");
        fs::write(&file, kwok::manifest().to_string())?;
        self.kubectl_ok(["apply".as_ref(), "-f".as_ref(), file.as_os_str()])?;
        let ready =
            ["get", "node", "kwok-node", "-o", "jsonpath={.status.conditions[?(@.type=='Ready')].status}"];
        let kwok_sees = || self.kubectl().args(ready).output().is_ok_and(|output| output.stdout == b"True");
        let account = ["get", "serviceaccount", "default"];
        let controllers_work = || is_ok(self.kubectl().args(account).output());
        let deadline = std::time::Instant::now() + PATIENCE;
        while !(kwok_sees() && controllers_work()) {
            anyhow::ensure!(
                std::time::Instant::now() < deadline,
                "the node does not become ready, or service accounts are not made: see {}",
                self.folder.display()
            );
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        Ok(())
    }

    fn kubeconfig_of(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.kubeconfig"))
    }

    /// Writes a kubeconfig with embedded certificates, for a user of its own.
    fn write_kubeconfig(&self, name: &str, user: &str, group: &str) -> anyhow::Result<()> {
        self.pki.client(name, user, group)?;
        let path = |file: &str| self.pki.path(file).display().to_string();
        let kubeconfig = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "testenv",
            "clusters": [{"name": "testenv", "cluster": {"server": self.url(), "certificate-authority": path("ca.crt")}}],
            "users": [{"name": name, "user": {
                "client-certificate": path(&format!("{name}.crt")),
                "client-key": path(&format!("{name}.key")),
            }}],
            "contexts": [{"name": "testenv", "context": {"cluster": "testenv", "user": name}}],
        });
        fs::write(self.kubeconfig_of(name), format!("{kubeconfig:#}")).context("kubeconfig")
    }
}

/// A folder under `target/testenv`, named after the process. Folders of processes that have ended are deleted.
fn new_folder() -> anyhow::Result<PathBuf> {
    let root = root().join("target/testenv");
    fs::create_dir_all(&root)?;
    let root = root.canonicalize()?;
    for entry in fs::read_dir(&root)?.flatten() {
        let name = entry.file_name();
        let process = name.to_string_lossy().split('-').next().unwrap_or_default().to_owned();
        if !Path::new("/proc").join(process).exists() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    let folder = folder_of(std::process::id(), STARTED.fetch_add(1, Ordering::Relaxed));
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn is_ok(output: std::io::Result<Output>) -> bool {
    output.is_ok_and(|output| output.status.success())
}
