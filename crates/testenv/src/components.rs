//! The components of a control plane as processes.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::addresses::{NODE_ADDRESS, POD_ADDRESSES};
use crate::pki::Pki;
use crate::process::{Process, free_port};

/// A component that uses the API server.
pub(crate) struct Component {
    command: Command,
    log: PathBuf,
    process: Option<Process>,
}

impl Component {
    pub(crate) fn start(command: Command, log: PathBuf) -> anyhow::Result<Self> {
        let mut new = Self { command, log, process: None };
        new.restart()?;
        Ok(new)
    }

    pub(crate) fn restart(&mut self) -> anyhow::Result<()> {
        self.process = None;
        self.process = Some(Process::start(&self.command, &self.log)?);
        Ok(())
    }
}

pub(crate) fn start_etcd(assets: &Path, folder: &Path) -> anyhow::Result<(Process, String)> {
    let url = format!("http://127.0.0.1:{}", free_port()?);
    let peer = format!("http://127.0.0.1:{}", free_port()?);
    let mut etcd = Command::new(assets.join("etcd"));
    etcd.arg("--data-dir").arg(folder.join("etcd")).args([
        format!("--listen-client-urls={url}"),
        format!("--advertise-client-urls={url}"),
        format!("--listen-peer-urls={peer}"),
        format!("--initial-advertise-peer-urls={peer}"),
        format!("--initial-cluster=default={peer}"),
        // Its data are not needed after the tests.
        "--unsafe-no-fsync".to_owned(),
    ]);
    let mut process = Process::start(&etcd, &folder.join("etcd.log"))?;
    let address = url.trim_start_matches("http://").to_owned();
    process.wait_until("listening", || std::net::TcpStream::connect(&address).is_ok())?;
    Ok((process, url))
}

pub(crate) fn api_server_args(
    pki: &Pki,
    etcd: &str,
    port: u16,
    real_node: bool,
) -> anyhow::Result<Vec<String>> {
    pki.server("kube-apiserver", &["localhost", "kubernetes.default.svc"])?;
    let path = |file: &str| pki.path(file).display().to_string();
    let mut args = vec![
        format!("--etcd-servers={etcd}"),
        format!("--secure-port={port}"),
        format!("--tls-cert-file={}", path("kube-apiserver.crt")),
        format!("--tls-private-key-file={}", path("kube-apiserver.key")),
        format!("--client-ca-file={}", path("ca.crt")),
        "--authorization-mode=Node,RBAC".to_owned(),
        "--service-cluster-ip-range=10.0.0.0/16".to_owned(),
        "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
        format!("--service-account-key-file={}", path("sa.pub")),
        format!("--service-account-signing-key-file={}", path("sa.key")),
        "--allow-privileged=true".to_owned(),
    ];
    if real_node {
        // Pods reach it by the address of the node, and it reaches the kubelet with a certificate of its own.
        pki.client("kube-apiserver-kubelet", "kube-apiserver", "system:masters")?;
        args.extend([
            format!("--advertise-address={NODE_ADDRESS}"),
            format!("--kubelet-client-certificate={}", path("kube-apiserver-kubelet.crt")),
            format!("--kubelet-client-key={}", path("kube-apiserver-kubelet.key")),
            "--kubelet-preferred-address-types=InternalIP".to_owned(),
            // As clusters have it: a node asks for tokens of its own Pods alone, and for no audience that nobody allows.
            "--enable-admission-plugins=NodeRestriction".to_owned(),
        ]);
    } else {
        args.push("--bind-address=127.0.0.1".to_owned());
    }
    Ok(args)
}

pub(crate) fn manager_args(pki: &Pki, real_node: bool) -> Vec<String> {
    let path = |file: &str| pki.path(file).display().to_string();
    let mut args = vec![
        format!("--service-account-private-key-file={}", path("sa.key")),
        format!("--root-ca-file={}", path("ca.crt")),
        "--use-service-account-credentials=true".to_owned(),
        // As in large clusters: by default they write 20 times a second, and everything else would wait for them.
        "--kube-api-qps=2000".to_owned(),
        "--kube-api-burst=4000".to_owned(),
        "--leader-elect=false".to_owned(),
        "--secure-port=0".to_owned(),
    ];
    if real_node {
        args.extend(["--allocate-node-cidrs=true".to_owned(), format!("--cluster-cidr={POD_ADDRESSES}")]);
    } else {
        args.extend([
            // kwok reports once that the node is ready, and does not repeat it in time.
            "--node-monitor-grace-period=24h".to_owned(),
            // Simulated Pods get no traffic.
            "--controllers=*,-endpoints-controller,-endpointslice-controller,-endpointslice-mirroring-controller"
                .to_owned(),
        ]);
    }
    args
}

pub(crate) fn scheduler_args() -> Vec<String> {
    ["--kube-api-qps=2000", "--kube-api-burst=4000", "--leader-elect=false", "--secure-port=0"]
        .map(str::to_owned)
        .into()
}
