//! A real Kubernetes control plane on loopback, and the product on it.
//!
//! etcd, kube-apiserver and, on request, kube-controller-manager, kube-scheduler, and a node: one that kwok simulates, or a
//! real one. `tests/control-plane/build.sh` and `tests/node/build.sh` build them. This crate uses only the binaries and
//! manifests of the product.

mod addresses;
mod balancer;
mod components;
mod control_plane;
mod kwok;
mod leftovers;
mod node;
mod pki;
mod places;
mod process;
mod webhook;

pub use addresses::NODE_ADDRESS;
pub use balancer::{Balancer, is_ready};
pub use control_plane::{ControlPlane, Options};
pub use leftovers::Leftovers;
pub use node::Node;
pub use places::{assets, built, folder_of, root};
pub use process::{PATIENCE, Process, free_port};
pub use webhook::{Replica, install_crds, install_webhooks, webhook_configurations};
