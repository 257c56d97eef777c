//! The components of a control plane as processes.

use std::path::{Path, PathBuf};
use std::process::Command;

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
    further: &[String],
) -> anyhow::Result<Vec<String>> {
    pki.server("kube-apiserver", &["localhost", "kubernetes.default.svc"])?;
    let path = |file: &str| pki.path(file).display().to_string();
    let mut args = vec![
        format!("--etcd-servers={etcd}"),
        "--bind-address=127.0.0.1".to_owned(),
        format!("--secure-port={port}"),
        format!("--tls-cert-file={}", path("kube-apiserver.crt")),
        format!("--tls-private-key-file={}", path("kube-apiserver.key")),
        format!("--client-ca-file={}", path("ca.crt")),
        "--authorization-mode=RBAC".to_owned(),
        "--service-cluster-ip-range=10.0.0.0/16".to_owned(),
        "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
        format!("--service-account-key-file={}", path("sa.pub")),
        format!("--service-account-signing-key-file={}", path("sa.key")),
        "--allow-privileged=true".to_owned(),
    ];
    args.extend_from_slice(further);
    Ok(args)
}
