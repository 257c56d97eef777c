//! The hosts of images and the addresses of endpoints: `host[:port]`, an address with a path where one is allowed.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::syntax;

/// Docker Hub, as the names of its images begin.
pub const DOCKER_HUB: &str = "docker.io";
/// The host that answers for Docker Hub.
pub const DOCKER_HUB_API: &str = "registry-1.docker.io";
/// All names of Docker Hub.
const DOCKER_HUB_NAMES: [&str; 3] = [DOCKER_HUB, "index.docker.io", DOCKER_HUB_API];

/// The folder of containerd for images of hosts that have no folder of their own.
const ANY: &str = "_default";
/// The same, as k3s and Talos spell it.
const ANY_ALIAS: &str = "*";

/// The port of a URL with `https` and without a port.
pub(super) const HTTPS_PORT: u16 = 443;
/// The same, with `http`.
pub(super) const HTTP_PORT: u16 = 80;

/// The longest address, in bytes: the longest name of a host with a port and a path.
const LENGTH_MAX: usize = 512;

/// The host in the names of images, or all hosts that are not named.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Host(String);

/// Where an endpoint is: `host[:port][/path]`.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Address {
    /// With brackets if it is an IPv6 address.
    host: String,
    port: Option<u16>,
    /// With `/` at its start, or empty.
    path: String,
}

/// Why a text is no address. No message holds any part of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{}", self.as_str())]
pub enum AddressError {
    /// It is empty, or too long.
    Length,
    /// It has a scheme.
    Scheme,
    /// It holds a user, a quote, a blank, a control character, or anything else that is part of no address.
    Character,
    /// It starts with no host.
    Host,
    /// Its port is no port.
    Port,
    /// It has a path, and may have none.
    Path,
}

impl AddressError {
    /// What the text must be instead.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Length => "must have the form host[:port], no longer than 512 bytes",
            Self::Scheme => {
                "must have no scheme, such as example.com:5000: `insecure: true` is for plain HTTP"
            }
            Self::Character => {
                "must have the form host[:port], such as example.com:5000: no user, quote, space or control character"
            }
            Self::Host => {
                "must start with a lower-case host name, an IPv4 address or an IPv6 address in brackets, such as example.com or [2001:db8::1]:5000"
            }
            Self::Port => {
                "must have a port between 1 and 65535 without leading zeros, such as example.com:5000"
            }
            Self::Path => "must have no path: a path needs `overridePath: true` of an endpoint",
        }
    }
}

impl Host {
    /// Reads the host in names of images, `_default` or `*`. Each name of Docker Hub becomes `docker.io`.
    ///
    /// # Errors
    /// What the text must be, without any part of it.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        if text == ANY || text == ANY_ALIAS {
            return Ok(Self::any());
        }
        let address = Address::parse(text)?;
        if !address.path.is_empty() {
            return Err(AddressError::Path);
        }
        Ok(Self(if address.is_docker_hub() { DOCKER_HUB.to_owned() } else { address.to_string() }))
    }

    /// All hosts that are not named.
    #[must_use]
    pub fn any() -> Self {
        Self(ANY.to_owned())
    }

    /// Whether this is all hosts that are not named.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.0 == ANY
    }

    /// `docker.io`, `example.com:5000` or `_default`: the name of the folder of containerd.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host that answers for this registry; none for all hosts that are not named.
    #[must_use]
    pub fn api(&self) -> Option<&str> {
        match self.as_str() {
            ANY => None,
            DOCKER_HUB => Some(DOCKER_HUB_API),
            host => Some(host),
        }
    }

    /// Whether an address is that of the registry itself. `default_port` is the port of an address without one.
    #[must_use]
    pub(super) fn is_same_registry_as(&self, address: &Address, default_port: u16) -> bool {
        if self.0 == DOCKER_HUB {
            return address.is_docker_hub();
        }
        let authority = Address { path: String::new(), ..address.without_port(default_port) };
        Address::parse(&self.0).is_ok_and(|own| own.without_port(default_port) == authority)
    }

    /// Whether it ends with the port that HTTPS has anyway. containerd looks for the host as the name of an image spells
    /// it, so this is another host than the one without the port.
    #[must_use]
    pub(super) fn has_port_of_https(&self) -> bool {
        Address::parse(&self.0).is_ok_and(|address| address.port == Some(HTTPS_PORT))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Address {
    /// Reads an address. A `/` at its end means nothing.
    ///
    /// # Errors
    /// What the text must be, without any part of it.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        if text.is_empty() || text.len() > LENGTH_MAX {
            return Err(AddressError::Length);
        }
        if text.contains("://") {
            return Err(AddressError::Scheme);
        }
        let (authority, path) = text.split_once('/').map_or((text, ""), |(host, path)| (host, path));
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:[]/".contains(&byte);
        if !text.bytes().all(is_allowed) || path.contains([':', '[', ']']) {
            return Err(AddressError::Character);
        }
        let (host, port) = split_port(authority)?;
        let path = path.strip_suffix('/').unwrap_or(path);
        if !path.is_empty() && path.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(AddressError::Character);
        }
        let path = if path.is_empty() { String::new() } else { format!("/{path}") };
        Ok(Self { host: host.into_owned(), port, path })
    }

    /// The host, an IPv6 address in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, if there is one.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The path with `/` at its start; may be empty.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// `host[:port]`.
    #[must_use]
    pub fn authority(&self) -> String {
        Self { path: String::new(), ..self.clone() }.to_string()
    }

    /// Without the port, if it is this one.
    #[must_use]
    pub(super) fn without_port(&self, port: u16) -> Self {
        Self { port: self.port.filter(|known| *known != port), ..self.clone() }
    }

    /// Whether it is on the node itself, however that is written.
    #[must_use]
    pub fn is_of_the_node(&self) -> bool {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        match host.parse() {
            Ok(IpAddr::V4(ip)) => is_own(ip),
            Ok(IpAddr::V6(ip)) => {
                let is_own_v6 = ip.is_loopback() || ip == Ipv6Addr::UNSPECIFIED;
                is_own_v6 || ip.to_ipv4_mapped().is_some_and(is_own)
            }
            Err(_) => any_ipv4(host).is_some_and(is_own) || host.rsplit('.').next() == Some("localhost"),
        }
    }

    /// Whether it is one of the names of Docker Hub.
    #[must_use]
    pub fn is_docker_hub(&self) -> bool {
        DOCKER_HUB_NAMES.contains(&self.host.as_str()) && matches!(self.port, None | Some(HTTPS_PORT))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.host)?;
        if let Some(port) = self.port {
            write!(formatter, ":{port}")?;
        }
        formatter.write_str(&self.path)
    }
}

fn is_own(ip: Ipv4Addr) -> bool {
    ip.is_loopback() || ip == Ipv4Addr::UNSPECIFIED
}

/// An IPv4 address in any form that resolvers read, such as `127.1` (`inet_aton`): up to four numbers, of which the last one
/// fills the rest of the address.
fn any_ipv4(text: &str) -> Option<Ipv4Addr> {
    let mut numbers = text.split('.').map(any_number).collect::<Option<Vec<_>>>()?;
    let last = numbers.pop()?;
    let rest = 32_u32.checked_sub(8 * u32::try_from(numbers.len()).ok()?)?;
    if numbers.iter().any(|number| *number > 0xff) || u64::from(last) >= 1 << rest {
        return None;
    }
    let first = numbers.iter().fold(0, |address, number| address << 8 | u64::from(*number));
    u32::try_from(first << rest | u64::from(last)).ok().map(Ipv4Addr::from_bits)
}

/// A decimal number, an octal one behind a `0`, or a hexadecimal one behind `0x`.
fn any_number(text: &str) -> Option<u32> {
    let (digits, radix) = match text.strip_prefix('0') {
        None | Some("") => (text, 10),
        Some(octal) => octal.strip_prefix('x').map_or((octal, 8), |hex| (hex, 16)),
    };
    u32::from_str_radix(digits, radix).ok()
}

/// The host, IPv6 addresses as they are written shortest, and the port.
fn split_port(text: &str) -> Result<(Cow<'_, str>, Option<u16>), AddressError> {
    let (host, rest) = if let Some(bracketed) = text.strip_prefix('[') {
        let (host, rest) = bracketed.split_once(']').ok_or(AddressError::Host)?;
        let address: Ipv6Addr = host.parse().map_err(|_| AddressError::Host)?;
        (Cow::Owned(format!("[{address}]")), rest)
    } else {
        let (host, rest) = text.find(':').map_or((text, ""), |colon| text.split_at(colon));
        syntax::dns_1123_subdomain(host).map_err(|_| AddressError::Host)?;
        (Cow::Borrowed(host), rest)
    };
    Ok((host, parse_port(rest)?))
}

/// The port after a `:`, if there is one.
fn parse_port(text: &str) -> Result<Option<u16>, AddressError> {
    if text.is_empty() {
        return Ok(None);
    }
    let digits = text.strip_prefix(':').ok_or(AddressError::Host)?;
    let is_port = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    let port = is_port.then(|| digits.parse().ok()).flatten();
    port.map(Some).ok_or(AddressError::Port)
}

#[cfg(test)]
mod tests;
