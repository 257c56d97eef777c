//! The names of Docker Hub: those that people use, and the one that answers.

const NAMES: [&str; 2] = ["docker.io", "index.docker.io"];
/// The one that answers.
pub(super) const REGISTRY: &str = "registry-1.docker.io";

/// The host that answers for a host in the name of an image.
pub(super) fn answering(host: &str) -> &str {
    if NAMES.contains(&host) { REGISTRY } else { host }
}
