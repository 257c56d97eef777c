//! `registryAddress` of a registry Secret: the beginning of the names of images, validated by parsing. Requests of the
//! controller go where it points, so it is `host[:port][/path]` and nothing else.

use std::fmt;
use std::net::Ipv6Addr;

use super::repository::{LENGTH_MAX, is_bounded_by, is_path_component};

/// Why a text is not a registry address. No message holds any part of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{}", self.as_str())]
pub enum RegistryAddressError {
    /// It is empty or blank.
    Blank,
    /// It is too long.
    Length,
    /// It holds a space or a control character.
    Unprintable,
    /// It has a scheme.
    Scheme,
    /// It holds something that is no part of a name of an image.
    Form,
    /// It does not start with a host.
    Host,
    /// Its port is not a port.
    Port,
    /// Its path is not one of names of images.
    Path,
}

impl RegistryAddressError {
    /// What the text must be instead.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Blank => "must not be blank",
            Self::Length => "must be no longer than 255 bytes",
            Self::Unprintable => {
                "must not hold spaces or control characters: encode it without a newline, with `echo -n` or printf"
            }
            Self::Scheme => {
                "must not have a scheme: it is the beginning of image names, such as example.com/project"
            }
            Self::Form => {
                "must have the form host[:port][/path], such as example.com:5000/project: no user, query, fragment, '\\' or '..'"
            }
            Self::Host => {
                "must start with a host name, an IPv4 address or an IPv6 address in brackets, such as example.com/project"
            }
            Self::Port => "must have a port between 1 and 65535, such as example.com:5000/project",
            Self::Path => {
                "must have a path as image names have it: lower-case letters and digits, with '.', '_' or '-' between them and '/' between its parts, such as example.com/my-team/project"
            }
        }
    }
}

/// Where images are pushed to and pulled from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RegistryAddress {
    host: Option<String>,
    port: Option<u16>,
    path: String,
}

impl RegistryAddress {
    /// Reads an address. A `/` at its end means nothing.
    ///
    /// # Errors
    /// What the text must be, without any part of it.
    pub fn parse(text: &str) -> Result<Self, RegistryAddressError> {
        if text.trim().is_empty() {
            return Err(RegistryAddressError::Blank);
        }
        if text.len() > LENGTH_MAX {
            return Err(RegistryAddressError::Length);
        }
        if text.contains(|character: char| character.is_control() || character.is_whitespace()) {
            return Err(RegistryAddressError::Unprintable);
        }
        if text.contains("://") {
            return Err(RegistryAddressError::Scheme);
        }
        if text.contains(['\\', '?', '#', '@', '%']) || text.contains("..") {
            return Err(RegistryAddressError::Form);
        }
        let text = text.strip_suffix('/').unwrap_or(text);
        let (first, rest) = text.split_once('/').map_or((text, None), |(first, rest)| (first, Some(rest)));
        // As in image names: a first part that does not look like a host is an account of Docker Hub.
        let is_host = first == "localhost" || first.is_empty() || first.contains(['.', ':', '[']);
        let (host, port, path) = if is_host {
            let (host, port) = parse_host(first)?;
            (Some(host), port, rest)
        } else {
            (None, None, Some(text))
        };
        if path.is_some_and(|path| !path.split('/').all(is_path_component)) {
            return Err(RegistryAddressError::Path);
        }
        let path = path.unwrap_or_default();
        Ok(Self { host: host.map(str::to_owned), port, path: path.to_owned() })
    }

    /// The host, an IPv6 address without its brackets; `None` for an account of Docker Hub.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// The port, if there is one.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The path, without `/` at either end; may be empty.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }
}

/// As image names begin.
impl fmt::Display for RegistryAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host() {
            Some(host) if host.contains(':') => write!(formatter, "[{host}]")?,
            Some(host) => formatter.write_str(host)?,
            None => {}
        }
        if let Some(port) = self.port {
            write!(formatter, ":{port}")?;
        }
        if self.host.is_some() && !self.path.is_empty() {
            formatter.write_str("/")?;
        }
        formatter.write_str(&self.path)
    }
}

fn parse_host(text: &str) -> Result<(&str, Option<u16>), RegistryAddressError> {
    let (host, rest) = if let Some(bracketed) = text.strip_prefix('[') {
        let (host, rest) = bracketed.split_once(']').ok_or(RegistryAddressError::Host)?;
        // An IPv4 address at its end is a form that image names do not have.
        if host.contains('.') || host.parse::<Ipv6Addr>().is_err() {
            return Err(RegistryAddressError::Host);
        }
        (host, rest)
    } else {
        let (host, rest) = text.split_at(text.find(':').unwrap_or(text.len()));
        if !host.split('.').all(is_host_label) {
            return Err(RegistryAddressError::Host);
        }
        (host, rest)
    };
    if rest.is_empty() {
        return Ok((host, None));
    }
    let port = rest.strip_prefix(':').ok_or(RegistryAddressError::Host)?;
    // A leading zero or a sign is a second way to write the same port.
    let is_canonical = port.bytes().all(|byte| byte.is_ascii_digit()) && !port.starts_with('0');
    let port = port.parse().ok().filter(|_| is_canonical).ok_or(RegistryAddressError::Port)?;
    Ok((host, Some(port)))
}

fn is_host_label(label: &str) -> bool {
    is_bounded_by(label, |byte| byte.is_ascii_alphanumeric())
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::RegistryAddressError::{Blank, Form, Host, Length, Path, Port, Scheme, Unprintable};
    use super::*;

    #[rstest]
    #[case("registry.example.com/team", Some("registry.example.com"), None, "team")]
    #[case("registry.example.com:5000", Some("registry.example.com"), Some(5000), "")]
    #[case("Example.COM:65535/a/b", Some("Example.COM"), Some(65535), "a/b")]
    #[case("localhost:5000/functions", Some("localhost"), Some(5000), "functions")]
    #[case("localhost/functions", Some("localhost"), None, "functions")]
    #[case("127.0.0.1:5000/a/b", Some("127.0.0.1"), Some(5000), "a/b")]
    #[case("[::1]:5000/a", Some("::1"), Some(5000), "a")]
    #[case("[2001:db8::1]", Some("2001:db8::1"), None, "")]
    #[case("docker.io/team", Some("docker.io"), None, "team")]
    #[case("team", None, None, "team")]
    #[case("team/project", None, None, "team/project")]
    #[case("a.b/my-team/a__b/c.d--e_f", Some("a.b"), None, "my-team/a__b/c.d--e_f")]
    fn takes_apart(
        #[case] text: &str,
        #[case] host: Option<&str>,
        #[case] port: Option<u16>,
        #[case] path: &str,
    ) {
        let address = RegistryAddress::parse(text).unwrap();
        assert_eq!((address.host(), address.port(), address.path()), (host, port, path));
        assert_eq!(address.to_string(), text);
        assert_eq!(RegistryAddress::parse(&format!("{text}/")), Ok(address));
    }

    #[rstest]
    #[case::empty("", Blank)]
    #[case::blank(" \n", Blank)]
    #[case::newline("acme\n", Unprintable)]
    #[case::carriage_return("example.com/acme\r\n", Unprintable)]
    #[case::space(" example.com", Unprintable)]
    #[case::control("example.com/a\u{7}", Unprintable)]
    #[case::line_separator("example.com/a\u{2028}", Unprintable)]
    #[case::scheme("https://example.com", Scheme)]
    #[case::steers_to_a_path("localhost:8080\\_shutdown\\now?x.local", Form)]
    #[case::steers_with_credentials("user:pw@host\\q?.local", Form)]
    #[case::user("user@example.com/a", Form)]
    #[case::query("example.com/a?b", Form)]
    #[case::fragment("example.com/a#b", Form)]
    #[case::percent("example.com/%2e%2e/a", Form)]
    #[case::parent("example.com/../a", Form)]
    #[case::dots_in_host("example..com/a", Form)]
    #[case::no_host("/a", Host)]
    #[case::host_with_dash("-a.example.com/a", Host)]
    #[case::host_with_dash_at_its_end("a-.example.com/a", Host)]
    #[case::host_with_dot_at_its_end("example.com./a", Host)]
    #[case::host_not_ascii("exämple.com/a", Host)]
    #[case::port_alone(":5000/a", Host)]
    #[case::open_bracket("[::1/a", Host)]
    #[case::zone("[fe80::1%25eth0]/a", Form)]
    #[case::mapped("[::ffff:127.0.0.1]/a", Host)]
    #[case::not_ipv6("[localhost]/a", Host)]
    #[case::behind_bracket("[::1]x/a", Host)]
    #[case::port_zero("example.com:0/a", Port)]
    #[case::port_large("example.com:65536/a", Port)]
    #[case::port_empty("example.com:/a", Port)]
    #[case::port_with_sign("example.com:+80/a", Port)]
    #[case::port_with_zero("example.com:080/a", Port)]
    #[case::two_ports("example.com:80:80/a", Port)]
    #[case::upper_case("example.com/Acme", Path)]
    #[case::account_in_upper_case("Acme", Path)]
    #[case::empty_part("example.com//a", Path)]
    #[case::two_slashes("example.com/a//", Path)]
    #[case::two_slashes_without_path("example.com//", Path)]
    #[case::two_slashes_behind_an_account("team//", Path)]
    #[case::slash_alone("/", Host)]
    #[case::tag("example.com/a:latest", Path)]
    #[case::separator_at_the_end("example.com/a-", Path)]
    #[case::separators("example.com/a._b", Path)]
    #[case::three_underscores("example.com/a___b", Path)]
    #[case::not_ascii("example.com/é", Path)]
    fn refuses(#[case] text: &str, #[case] error: RegistryAddressError) {
        assert_eq!(RegistryAddress::parse(text), Err(error));
    }

    #[test]
    fn is_bounded() {
        let of = |length: usize| format!("a.b/{}", "c".repeat(length - 4));
        assert!(RegistryAddress::parse(&of(LENGTH_MAX)).is_ok());
        assert_eq!(RegistryAddress::parse(&of(LENGTH_MAX + 1)), Err(Length));
    }

    proptest! {
        #[test]
        fn what_is_accepted_reads_back_as_the_same(text in r"[a-zA-Z0-9.:/@\\?#\[\]_ -]{0,30}") {
            if let Ok(address) = RegistryAddress::parse(&text) {
                prop_assert_eq!(address.to_string(), text.strip_suffix('/').unwrap_or(&text));
                prop_assert_eq!(RegistryAddress::parse(&address.to_string()), Ok(address));
            }
        }
    }
}
