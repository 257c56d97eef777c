//! Ports and files that the containers of a cache share.

/// The port of pulls, of the gateway and of the Service.
pub(super) const PORT: u16 = 5000;
/// The name of this port.
pub(super) const PORT_NAME: &str = "registry-cache";
/// The port of health and metrics of the registry.
pub(super) const DEBUG_PORT: u16 = 5001;
/// The name of this port.
pub(super) const DEBUG_NAME: &str = "debug";
/// Where the registry listens, without TLS: on the loopback of its Pod.
pub(super) const REGISTRY: &str = "127.0.0.1:5002";

/// The volume with the images.
pub(super) const IMAGES_VOLUME: &str = "cache-volume";
/// The folder with the images.
pub(super) const IMAGES: &str = "/var/lib/registry";
/// The folder with the configuration of the registry, the token authorities that it trusts and the authority of the upstream.
pub(super) const CONFIG: &str = "/etc/distribution";
/// The folder with the authority of the upstream alone.
pub(super) const REMOTE: &str = "/etc/remote";
/// The folder with the program by which the registry gets credentials.
pub(super) const HELPER_FOLDER: &str = "/helper";
/// This program. Its name ends with what distribution calls it by.
pub(super) const HELPER: &str = "/helper/docker-credential-cache";
/// The folder of the socket between the gateway and this program, which is `api::names::cache::SOCKET`.
pub(super) const SOCKET_FOLDER: &str = "/run/cache";

/// Keys of the Secret with the configuration, besides those of registries.
pub(super) mod key {
    /// The authority of the upstream.
    pub(in super::super) const REMOTE_CA: &str = "remote-ca.crt";
}
