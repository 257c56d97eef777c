//! Ports, files and users that containers of a Pod of a registry share.

/// The name of the port of clients.
pub(super) const HTTPS: &str = "https";
/// The number of this port.
pub(super) const HTTPS_PORT: u16 = 8443;
/// The name of the port of probes and metrics.
pub(super) const ADMIN: &str = "admin";
/// The number of this port.
pub(super) const ADMIN_PORT: u16 = 9090;
/// Where the registry listens, without TLS: on the loopback of its Pod.
pub(super) const UPSTREAM: &str = "127.0.0.1:5000";
/// The path of requests for tokens.
pub(super) const TOKEN_PATH: &str = "/auth/token";

/// The folder with the images.
pub(super) const IMAGES: &str = "/var/lib/registry";
/// The folder with the configuration of the registry, and the token authorities that it trusts.
pub(super) const CONFIG: &str = "/etc/registry";

/// The user and group of all containers.
pub(super) const USER: i64 = 65532;
/// How long the gateway may drain, in seconds.
pub(super) const DRAIN: u32 = 300;
/// How long connections are still accepted when a Pod ends, in seconds.
pub(super) const DELAY: u32 = 5;
