//! The program that builds images: which there are, and what each takes if nothing else is configured.

use serde::Deserialize;

/// The first arguments of kaniko: those of the reference implementation, except those that trust any registry.
const KANIKO_ARGS: [&str; 3] = ["--skip-unused-stages", "--log-format=text", "--cache=true"];

/// A program that builds images.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// BuildKit, as root of a user namespace that the Pod has for itself.
    #[default]
    Buildkit,
    /// BuildKit as a user without privileges, for clusters whose Pods have no user namespaces.
    BuildkitRootless,
    /// kaniko, as root without privileges.
    Kaniko,
}

impl Engine {
    /// The image that is run by default.
    #[must_use]
    pub fn image(self) -> &'static str {
        match self {
            Self::Buildkit => "docker.io/moby/buildkit:v0.34.2",
            Self::BuildkitRootless => "docker.io/moby/buildkit:v0.34.2-rootless",
            Self::Kaniko => "ghcr.io/osscontainertools/kaniko:v1.28.3",
        }
    }

    /// The first of its arguments by default.
    #[must_use]
    pub fn args(self) -> Vec<String> {
        match self {
            Self::Buildkit | Self::BuildkitRootless => Vec::new(),
            Self::Kaniko => KANIKO_ARGS.map(str::to_owned).into(),
        }
    }
}
