//! A real Kubernetes control plane on loopback, and the product on it.
//!
//! etcd, kube-apiserver and, on request, kube-controller-manager, kube-scheduler and kwok, which simulates the nodes.
//! `tests/control-plane/build.sh` builds them. This crate uses only the binaries and manifests of the product.

mod balancer;
mod components;
mod control_plane;
mod leftovers;
mod node;
mod pki;
mod places;
mod process;
mod webhook;

pub use balancer::{Balancer, is_ready};
pub use control_plane::{ControlPlane, Options};
pub use leftovers::Leftovers;
pub use places::{assets, folder_of, root};
pub use process::{PATIENCE, Process, free_port};
pub use webhook::{Replica, install_crds, install_webhooks, webhook_configurations};
