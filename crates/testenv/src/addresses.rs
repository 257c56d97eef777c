//! The addresses of a real node. They exist only inside its namespaces.

/// The address of the node, and of every server that Pods reach by name; `tests/node/inside.sh` sets it.
pub const NODE_ADDRESS: &str = "192.168.77.1";
/// The addresses of Pods.
pub(crate) const POD_ADDRESSES: &str = "10.244.0.0/16";
/// The addresses of Pods on the only node.
pub(crate) const POD_ADDRESSES_OF_NODE: &str = "10.244.0.0/24";
