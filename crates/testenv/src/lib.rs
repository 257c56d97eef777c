//! A real Kubernetes control plane on loopback, and the product on it.
//!
//! etcd, kube-apiserver and, if asked for, kube-controller-manager, kube-scheduler and kwok, which plays the nodes:
//! `tests/control-plane/build.sh` builds them. Of the product only its binaries and manifests are known here.

mod balancer;
mod components;
mod control_plane;
mod node;
mod pki;
mod process;
mod webhook;

use std::path::{Path, PathBuf};

pub use balancer::{Balancer, is_ready};
pub use control_plane::{ControlPlane, Options};
pub use process::{PATIENCE, Process, free_port};
pub use webhook::{Replica, install_crds, install_webhooks, webhook_configurations};

/// The folder with the built binaries.
///
/// # Errors
/// If they are not built.
pub fn assets() -> anyhow::Result<PathBuf> {
    let assets = root().join("target/control-plane/current");
    anyhow::ensure!(
        assets.join("stages.yaml").exists(),
        "{} holds no control plane: build it with `make control-plane`",
        assets.display()
    );
    Ok(assets)
}

/// The folder of the whole project.
#[must_use]
pub fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().unwrap_or(root)
}
