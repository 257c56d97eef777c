//! Ports and files that containers of a Pod of a registry share.

/// The name of the port of clients.
pub(super) const HTTPS: &str = "https";
/// The number of this port.
pub(super) const HTTPS_PORT: u16 = 8443;
/// Where the registry listens, without TLS: on the loopback of its Pod.
pub(super) const UPSTREAM: &str = "127.0.0.1:5000";

/// The folder with the images.
pub(super) const IMAGES: &str = "/var/lib/registry";
/// The folder with the configuration of the registry, and the token authorities that it trusts.
pub(super) const CONFIG: &str = "/etc/registry";
