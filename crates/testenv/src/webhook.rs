//! The webhook on a control plane: its CRDs, its replicas as processes, its configurations with loopback addresses.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::balancer::is_ready;
use crate::control_plane::ControlPlane;
use crate::places::root;
use crate::process::{Process, free_port};

/// Installs the CRDs and waits until they are served.
///
/// # Errors
/// With the error of kubectl.
pub fn install_crds(control_plane: &ControlPlane) -> anyhow::Result<()> {
    let crds = root().join("manifests/crds");
    control_plane
        .kubectl_ok(["apply", "--server-side", "-k"].map(AsRef::as_ref).into_iter().chain([crds.as_ref()]))?;
    control_plane.kubectl_ok(["wait", "--for=condition=Established", "crd", "--all"].map(AsRef::as_ref))
}

/// The webhook configurations of `manifests/webhook`, with an address in place of the Service, because Service
/// addresses do not work here.
///
/// # Errors
/// If they cannot be read.
pub fn webhook_configurations(url: &str, ca_pem: Option<&str>) -> anyhow::Result<Vec<Value>> {
    let folder = root().join("manifests/webhook");
    let mut configurations = Vec::new();
    for file in ["mutating-webhooks.yaml", "validating-webhooks.yaml"] {
        let text = fs::read_to_string(folder.join(file)).context(file)?;
        let mut configuration: Value = serde_saphyr::from_str(&text).context(file)?;
        let webhooks = configuration.get_mut("webhooks").and_then(Value::as_array_mut).context(file)?;
        for webhook in webhooks {
            let client = webhook.get_mut("clientConfig").context("clientConfig")?;
            let path = client.pointer("/service/path").and_then(Value::as_str).context("path")?;
            *client = json!({"url": format!("{url}{path}")});
            if let (Some(ca), Some(client)) = (ca_pem, client.as_object_mut()) {
                client.insert("caBundle".to_owned(), STANDARD.encode(ca).into());
            }
        }
        configurations.push(configuration);
    }
    Ok(configurations)
}

/// Installs webhook configurations; they take effect within about a second.
///
/// # Errors
/// With the error of kubectl.
pub fn install_webhooks(control_plane: &ControlPlane, configurations: &[Value]) -> anyhow::Result<()> {
    let file = control_plane.folder().join("webhooks.json");
    let list = json!({"apiVersion": "v1", "kind": "List", "items": configurations});
    fs::write(&file, list.to_string())?;
    control_plane.kubectl_ok(["apply".as_ref(), "--server-side".as_ref(), "-f".as_ref(), file.as_os_str()])
}

/// A running `serverless-webhook serve`.
#[derive(Debug)]
pub struct Replica {
    /// The process.
    pub process: Process,
    /// The port of the endpoints.
    pub port: u16,
    /// The port of probes and metrics.
    pub admin_port: u16,
}

impl Replica {
    /// Starts `serve` with further arguments and waits until it is ready; its log goes to a file.
    ///
    /// # Errors
    /// With the end of its log, if it does not become ready.
    pub fn start(webhook: &mut Command, log: &Path) -> anyhow::Result<Self> {
        let mut replica = Self::start_unready(webhook, log)?;
        replica.await_ready()?;
        Ok(replica)
    }

    /// Waits until it is ready.
    ///
    /// # Errors
    /// With the end of its log, if it does not become ready.
    pub fn await_ready(&mut self) -> anyhow::Result<()> {
        let admin_port = self.admin_port;
        self.process.wait_until("ready", || is_ready(admin_port))
    }

    /// Like [`Self::start`], without the wait.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start_unready(webhook: &mut Command, log: &Path) -> anyhow::Result<Self> {
        let (port, admin_port) = (free_port()?, free_port()?);
        webhook
            .args([format!("--listen=127.0.0.1:{port}"), format!("--admin-listen=127.0.0.1:{admin_port}")]);
        Ok(Self { process: Process::start(webhook, log)?, port, admin_port })
    }
}
