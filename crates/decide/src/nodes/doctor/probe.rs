//! Which servers are asked whether they answer, and what they answered.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use policy::container_registries::Scheme;

use super::node::{HostFolder, Node};
use super::tree::Tree;
use crate::nodes::version::Version;

/// A server that `hosts.toml` files name.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Target {
    /// `host[:port]`.
    pub authority: String,
    /// Whether it is spoken to without TLS.
    pub is_http: bool,
}

/// What a server answered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Probe {
    /// The server.
    pub target: Target,
    /// What it answered.
    pub answer: Answer,
}

/// What a server answered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Answer {
    /// It accepts connections.
    Alive,
    /// It accepts connections, with a certificate that expired then.
    Expired(Timestamp),
    /// It accepts no connection, and why.
    Dead(String),
}

/// The servers to ask, in their order.
#[must_use]
pub fn targets(tree: &Tree, version: Version) -> BTreeSet<Target> {
    let node = Node::read(tree, version);
    node.folders.iter().flat_map(named).map(|(target, _)| target).collect()
}

/// The servers that a folder names, with their lines. A `server` that is the registry itself is not asked: containerd
/// asks it last, and many nodes cannot reach it.
pub(super) fn named(folder: &HostFolder<'_>) -> Vec<(Target, usize)> {
    let Some(file) = folder.read() else { return Vec::new() };
    let hosts = file.hosts.iter().map(|host| (&host.url, host.line));
    let server = file.server.iter().filter(|(url, _)| !url.is_upstream_of(&folder.host));
    let all = hosts.chain(server.map(|(url, line)| (url, *line)));
    all.map(|(url, line)| (Target { authority: url.authority().to_owned(), is_http: url.is_http }, line))
        .collect()
}

impl Target {
    /// Where to connect to; none if there is no such port.
    #[must_use]
    pub fn host_and_port(&self) -> Option<(&str, u16)> {
        let authority = self.authority.as_str();
        let default = if self.is_http { 80 } else { 443 };
        let end = authority.rfind(']').map_or(0, |end| end + 1);
        let (host, port) = match authority.get(end..)?.find(':') {
            Some(colon) => (authority.get(..end + colon)?, authority.get(end + colon + 1..)?.parse().ok()?),
            None => (authority, default),
        };
        Some((host.trim_matches(['[', ']']), port))
    }
}

impl fmt::Display for Target {
    /// `https://example.com:5000`
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_http { Scheme::Http } else { Scheme::Https };
        write!(formatter, "{scheme}://{}", self.authority)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::name("example.com", Some(("example.com", 443)))]
    #[case::port("example.com:5000", Some(("example.com", 5000)))]
    #[case::ipv6("[::1]", Some(("::1", 443)))]
    #[case::ipv6_with_port("[::1]:5000", Some(("::1", 5000)))]
    #[case::no_port("example.com:x", None)]
    fn says_where_to_connect_to(#[case] authority: &str, #[case] expected: Option<(&str, u16)>) {
        let target = Target { authority: authority.to_owned(), is_http: false };
        assert_eq!(target.host_and_port(), expected);
    }
}
