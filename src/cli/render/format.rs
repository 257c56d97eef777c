//! The formats that `render` reads and writes.

use clap::ValueEnum;
use policy::Rule;

/// A format that can be written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(super) enum Target {
    /// hosts.toml for containerd with `config_path`
    #[default]
    #[value(help = "hosts.toml for containerd with config_path")]
    Hosts,
    /// registry-config.toml for containerd 1.x
    ContainerdConfig,
    /// registries.yaml of k3s and RKE2
    #[value(name = "k3s")]
    K3s,
    /// registries.conf.d of CRI-O and Podman
    Crio,
    /// Documents of Talos
    Talos,
    /// The files of a `KubeadmConfig`, which come from a Secret
    #[value(help = "The files of a KubeadmConfig, which come from a Secret")]
    Kubeadm,
    /// The credential provider of the kubelet
    CredentialProvider,
    /// The value containerRegistries
    Values,
}

/// A format that can be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum Source {
    /// A values file, or a Secret that holds one
    Values,
    /// registries.yaml of k3s and RKE2
    #[value(name = "k3s")]
    K3s,
    /// The folder that `config_path` of containerd names
    #[value(help = "The folder that config_path of containerd names")]
    Hosts,
    /// config.toml of containerd 1.x
    ContainerdConfig,
}

impl Target {
    /// Whether a warning about the registries says something of the files. What depends on the version of containerd is a
    /// loss.
    pub(super) fn is_warned_of(self, rule: Rule) -> bool {
        match rule {
            Rule::StaticHeader => self == Self::Values,
            Rule::DialTimeoutMissing => {
                matches!(self, Self::Hosts | Self::Kubeadm | Self::CredentialProvider | Self::Values)
            }
            _ => true,
        }
    }
}
