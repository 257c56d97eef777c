//! The model of the registries of nodes. Importers make it, renderers write it; it knows no format.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use zeroize::Zeroizing;

use super::host::{Address, HTTP_PORT, HTTPS_PORT, Host};

/// The registries that nodes are configured for, each by the host in the names of its images.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Registries(pub BTreeMap<Host, Registry>);

/// Where images of one host are pulled from.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Registry {
    /// The endpoints, in the order in which nodes try them. Never empty.
    pub endpoints: Vec<Endpoint>,
    /// What a node does when no endpoint has an image.
    pub fallback: Fallback,
}

/// What a node does when no endpoint has an image.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Fallback {
    /// It asks the registry that the image names.
    #[default]
    Upstream,
    /// It gives up.
    None,
}

/// A server that images are pulled from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Endpoint {
    /// Where it is. A path belongs to an endpoint with `override_path`.
    pub address: Address,
    /// How it is spoken to.
    pub scheme: Scheme,
    /// Whether its certificate is trusted unseen.
    pub skip_verify: bool,
    /// Whether the path of the address replaces `/v2`.
    pub override_path: bool,
    /// What a node logs in with.
    pub credentials: Option<Credentials>,
    /// The authorities of its certificate, as PEM; none: those of the node.
    pub ca: Option<String>,
    /// What it is used for. Never empty.
    pub capabilities: BTreeSet<Capability>,
    /// How long a node waits for a connection; none: what containerd waits.
    pub dial_timeout: Option<Duration>,
}

/// How an endpoint is spoken to.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Scheme {
    /// With TLS.
    #[default]
    Https,
    /// Without TLS.
    Http,
}

/// What an endpoint is used for, in the order in which files list it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Capability {
    /// To fetch manifests and layers by their digests.
    Pull,
    /// To find the digest of a tag.
    Resolve,
    /// To push.
    Push,
}

/// What a node logs in with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Credentials {
    /// A user with a password. The name holds no `:`.
    Basic {
        /// The name of the user.
        username: String,
        /// The password.
        password: HiddenText,
    },
    /// A token.
    IdentityToken(HiddenText),
}

/// A text that is never shown and is wiped from memory.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct HiddenText(Zeroizing<String>);

impl Endpoint {
    /// An endpoint with TLS, for pulls, with nothing else set.
    #[must_use]
    pub fn at(address: Address) -> Self {
        Self {
            address,
            scheme: Scheme::Https,
            skip_verify: false,
            override_path: false,
            credentials: None,
            ca: None,
            capabilities: [Capability::Pull, Capability::Resolve].into(),
            dial_timeout: None,
        }
    }

    /// `https://registry-1.docker.io`, with the path if there is one.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// Whether both are the same place: `https://example.com` and `https://example.com:443` are.
    #[must_use]
    pub fn is_at_same_place_as(&self, other: &Self) -> bool {
        self.place() == other.place()
    }

    /// The URL, without a port that the scheme has anyway.
    #[must_use]
    pub(super) fn place(&self) -> String {
        format!("{}://{}", self.scheme, self.address.without_port(self.scheme.default_port()))
    }

    /// Whether it is the registry that images of a host name, and no mirror of it.
    #[must_use]
    pub fn is_upstream_of(&self, host: &Host) -> bool {
        host.is_same_registry_as(&self.address, self.scheme.default_port())
    }
}

impl Scheme {
    /// As URLs begin.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
        }
    }

    /// The port of a URL without one.
    const fn default_port(self) -> u16 {
        match self {
            Self::Https => HTTPS_PORT,
            Self::Http => HTTP_PORT,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Capability {
    /// All, in their order.
    pub const ALL: [Self; 3] = [Self::Pull, Self::Resolve, Self::Push];

    /// As files spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Resolve => "resolve",
            Self::Push => "push",
        }
    }
}

impl HiddenText {
    /// Hides a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text, for whom it is written to.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for HiddenText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(hidden)")
    }
}
