//! A real node: containerd, kubelet, kube-proxy and a DNS server, in the namespaces that `tests/node/run.sh` makes.
//!
//! The end of these namespaces ends everything that a node starts, its Pods too.

mod configuration;

use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context as _;

use self::configuration::{REGISTRIES, SOCKET};
use crate::addresses::NODE_ADDRESS;
use crate::control_plane::ControlPlane;
use crate::places::{assets, built};
use crate::process::Process;

/// The name of the node.
const NAME: &str = "node";

/// A running node.
#[derive(Debug)]
pub struct Node {
    /// Dropped in this order: kube-proxy, kubelet, the DNS server and containerd.
    _processes: [Process; 4],
    folder: PathBuf,
    tools: PathBuf,
}

impl Node {
    /// Starts the node of a control plane that was started for one, and waits until it is ready. From the named
    /// registries, images are pulled without TLS. The kubelet gets further flags.
    ///
    /// # Errors
    /// If this is not inside the namespaces, a program is not built, or something does not start: with the end of its log.
    pub fn start(
        control_plane: &ControlPlane,
        plain_registries: &[&str],
        kubelet_flags: &[String],
    ) -> anyhow::Result<Self> {
        let cgroup = std::env::var("NODE_CGROUP").context("a node starts only below tests/node/run.sh")?;
        let (tools, folder) = (built("node")?, control_plane.folder().join("node"));
        fs::create_dir_all(&folder)?;
        configuration::write(&folder, &tools, control_plane, &cgroup, plain_registries)?;
        let starting = Starting { control_plane, folder, tools };
        let containerd = starting.containerd()?;
        let dns = starting.dns()?;
        let kubelet = starting.kubelet(kubelet_flags)?;
        let proxy = starting.proxy()?;
        let Starting { folder, tools, .. } = starting;
        Ok(Self { _processes: [proxy, kubelet, dns, containerd], folder, tools })
    }

    /// Gives it an image, by the name in its layout, so that it pulls none of that name.
    ///
    /// # Errors
    /// With the error of `ctr`, if it refuses the image.
    pub fn load(&self, layout: &Path) -> anyhow::Result<()> {
        load(&self.tools, layout)
    }

    /// `config_path` of containerd: a folder for each host that images are pulled from.
    #[must_use]
    pub fn registries(&self) -> PathBuf {
        self.folder.join(REGISTRIES)
    }

    /// Lets the node reach nothing by a name that its Pods know, as a node that does not ask the DNS of the cluster.
    ///
    /// # Errors
    /// If the hosts file cannot be written.
    pub fn forget_name(&self, name: &str) -> anyhow::Result<()> {
        // That of the namespaces, and not of the machine: a node runs nowhere else.
        let mut hosts = fs::OpenOptions::new().append(true).open("/etc/hosts")?;
        Ok(writeln!(hosts, "127.0.0.1 {name}")?)
    }

    /// nft, for the packets of this node and of its Pods.
    ///
    /// # Errors
    /// If it is not there.
    pub fn nft(&self) -> anyhow::Result<Command> {
        let package = self.tools.join("nft/usr");
        let mut command = Command::new(package.join("sbin/nft"));
        command.env("LD_LIBRARY_PATH", libraries(&package)?);
        Ok(command)
    }

    /// crictl, for this node.
    #[must_use]
    pub fn crictl(&self) -> Command {
        let mut command = Command::new(self.tools.join("crictl"));
        command.args(["--runtime-endpoint", &format!("unix://{SOCKET}")]);
        command
    }
}

/// A node that starts, with the folder of its files.
struct Starting<'a> {
    control_plane: &'a ControlPlane,
    folder: PathBuf,
    tools: PathBuf,
}

impl Starting<'_> {
    fn containerd(&self) -> anyhow::Result<Process> {
        let mut command = Command::new(self.tools.join("containerd"));
        command.args(["--config", &self.path("containerd.toml")]).env("PATH", search_path(&self.tools)?);
        // The node trusts registries of the authority of its control plane.
        command.env("SSL_CERT_FILE", self.control_plane.folder().join("ca.crt"));
        let mut containerd = Process::start(&command, &self.log("containerd"))?;
        let listens = || ctr(&self.tools, &["version"]).output().is_ok_and(|output| output.status.success());
        containerd.wait_until("listening", listens)?;
        load(&self.tools, &built("node-images")?.join("pause"))?;
        Ok(containerd)
    }

    fn dns(&self) -> anyhow::Result<Process> {
        let mut command = Command::new(self.tools.join("coredns"));
        command.args(["-conf", &self.path("Corefile")]);
        Process::start(&command, &self.log("coredns"))
    }

    fn kubelet(&self, flags: &[String]) -> anyhow::Result<Process> {
        let kubeconfig = self.control_plane.kubeconfig_for(&format!("system:node:{NAME}"), "system:nodes")?;
        let mut command = Command::new(assets()?.join("kubelet"));
        command.env("PATH", search_path(&self.tools)?).args([
            format!("--config={}", self.path("kubelet.json")),
            format!("--kubeconfig={}", kubeconfig.display()),
            format!("--root-dir={}", self.path("kubelet")),
            format!("--hostname-override={NAME}"),
            format!("--node-ip={NODE_ADDRESS}"),
        ]);
        command.args(flags);
        let mut kubelet = Process::start(&command, &self.log("kubelet"))?;
        let ready = ["get", "node", NAME, "-o", "jsonpath={.status.conditions[?(@.type=='Ready')].status}"];
        let is_ready =
            || self.control_plane.kubectl().args(ready).output().is_ok_and(|output| output.stdout == b"True");
        kubelet.wait_until("ready", is_ready)?;
        Ok(kubelet)
    }

    fn proxy(&self) -> anyhow::Result<Process> {
        let user = "system:kube-proxy";
        let kubeconfig = self.control_plane.kubeconfig_for(user, user)?;
        let nft = self.tools.join("nft/usr");
        let mut command = Command::new(assets()?.join("kube-proxy"));
        command.env("PATH", search_path(&nft.join("sbin"))?).env("LD_LIBRARY_PATH", libraries(&nft)?).args([
            format!("--kubeconfig={}", kubeconfig.display()),
            format!("--hostname-override={NAME}"),
            "--proxy-mode=nftables".to_owned(),
            // Answers of a Pod to another one on the same bridge would not pass the rules that undo the translation.
            "--masquerade-all=true".to_owned(),
            "--conntrack-max-per-core=0".to_owned(),
        ]);
        Process::start(&command, &self.log("kube-proxy"))
    }

    fn path(&self, file: &str) -> String {
        self.folder.join(file).display().to_string()
    }

    fn log(&self, name: &str) -> PathBuf {
        self.control_plane.folder().join(format!("{name}.log"))
    }
}

/// Gives an image to containerd, by the name in its layout.
fn load(tools: &Path, layout: &Path) -> anyhow::Result<()> {
    let mut tar = Command::new("tar");
    let mut tar = tar.arg("-C").arg(layout).args(["-cf", "-", "."]).stdout(Stdio::piped()).spawn()?;
    let archive = tar.stdout.take().context("tar")?;
    let loaded = ctr(tools, &["--namespace=k8s.io", "images", "import", "-"]).stdin(archive).output()?;
    tar.wait()?;
    anyhow::ensure!(loaded.status.success(), "ctr: {}", String::from_utf8_lossy(&loaded.stderr));
    Ok(())
}

fn ctr(tools: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(tools.join("ctr"));
    command.args(["--address", SOCKET]).args(args);
    command
}

/// The search path, with another folder first.
fn search_path(first: &Path) -> anyhow::Result<OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    Ok(std::env::join_paths([first.to_owned()].into_iter().chain(std::env::split_paths(&path)))?)
}

/// The folder of libraries below `usr`: Debian names it after the architecture.
fn libraries(usr: &Path) -> anyhow::Result<PathBuf> {
    let folder =
        fs::read_dir(usr.join("lib"))?.flatten().next().context("the package of nft holds no libraries")?;
    Ok(folder.path())
}
