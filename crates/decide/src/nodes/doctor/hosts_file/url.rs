//! The URL of a host, as containerd reads it.

use std::fmt;

use policy::container_registries::{Address, Endpoint, Host, Scheme};

/// Where a host table or `server` points. It is shown without what may be a credential.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(in super::super) struct Url {
    /// Whether it is plain HTTP.
    pub(in super::super) is_http: bool,
    /// `host[:port]`.
    authority: String,
    path: String,
}

impl Url {
    /// Reads a URL. One that begins with no `http` is one of HTTPS.
    pub(in super::super) fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = if text.starts_with("http") { text.split_once("://")? } else { ("https", text) };
        if !matches!(scheme, "http" | "https") {
            return None;
        }
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        // What precedes an `@` may be a password.
        let authority = authority.rsplit('@').next()?;
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:[]".contains(&byte);
        if authority.is_empty() || !authority.bytes().all(allowed) || !has_port_of_digits(authority) {
            return None;
        }
        let path = path.split(['?', '#']).next()?.trim_end_matches('/');
        // A password with a `/` ends the authority early.
        if path.contains('@') {
            return None;
        }
        Some(Self { is_http: scheme == "http", authority: authority.to_owned(), path: path.to_owned() })
    }

    /// `host[:port]`.
    pub(in super::super) fn authority(&self) -> &str {
        &self.authority
    }

    /// Whether it is the registry that images of a host name.
    pub(in super::super) fn is_upstream_of(&self, host: &str) -> bool {
        match (self.address(), Host::parse(host)) {
            (Some(address), Ok(host)) => Endpoint::at(address).is_upstream_of(&host),
            _ => self.authority.eq_ignore_ascii_case(host),
        }
    }

    /// Whether what is sent there does not leave the node.
    pub(in super::super) fn is_loopback(&self) -> bool {
        self.address().is_some_and(|address| address.is_of_the_node())
    }

    fn address(&self) -> Option<Address> {
        Address::parse(&self.authority.to_ascii_lowercase()).ok()
    }
}

/// Whether what follows the last `:` outside brackets can be a port.
fn has_port_of_digits(authority: &str) -> bool {
    let after = authority.rsplit_once(']').map_or(authority, |(_, after)| after);
    after.rsplit_once(':').is_none_or(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()))
}

impl fmt::Display for Url {
    /// `https://example.com:5000/v2/docker`
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_http { Scheme::Http } else { Scheme::Https };
        write!(formatter, "{scheme}://{}{}", self.authority, self.path)
    }
}
