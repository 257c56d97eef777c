//! The names of Gardener's kinds: those of its registry-cache extension, and the Shoots that configure it.

/// A kind of a group in one version.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Kind {
    /// The API group.
    pub group: &'static str,
    /// The version.
    pub version: &'static str,
    /// The kind.
    pub kind: &'static str,
}

/// What configures caches.
pub const REGISTRY_CONFIG: Kind =
    Kind { group: "registry.extensions.gardener.cloud", version: "v1alpha3", kind: "RegistryConfig" };
/// What configures mirrors.
pub const MIRROR_CONFIG: Kind =
    Kind { group: "mirror.extensions.gardener.cloud", version: "v1alpha1", kind: "MirrorConfig" };
/// A cluster that Gardener manages.
pub const SHOOT: Kind = Kind { group: "core.gardener.cloud", version: "v1beta1", kind: "Shoot" };
/// The plural of [`SHOOT`].
pub const SHOOTS: &str = "shoots";

/// The extension of a Shoot with a [`REGISTRY_CONFIG`].
pub const REGISTRY_CACHE: &str = "registry-cache";
/// The extension of a Shoot with a [`MIRROR_CONFIG`].
pub const REGISTRY_MIRROR: &str = "registry-mirror";
/// The container runtime that both need.
pub const CONTAINERD: &str = "containerd";
/// The key of a Secret with the authority of a mirror.
pub const CA_BUNDLE: &str = "bundle.crt";

impl Kind {
    /// `registry.extensions.gardener.cloud/v1alpha3`.
    #[must_use]
    pub fn api_version(&self) -> String {
        format!("{}/{}", self.group, self.version)
    }
}
