//! `registryAddress` of a registry Secret: the beginning of the names of images, validated by parsing. Requests of the
//! controller go where it points, so it is `host[:port][/path]` and nothing else.

use std::fmt;
use std::net::Ipv6Addr;

/// The longest address, in bytes: the longest name of a repository.
const LENGTH_MAX: usize = 255;

const EMPTY: &str = "must not be blank";
const LONG: &str = "must be no longer than 255 bytes";
const UNPRINTABLE: &str =
    "must not hold spaces or control characters: encode it without a newline, with `echo -n` or printf";
const SCHEME: &str =
    "must not have a scheme: it is the beginning of image names, such as example.com/project";
const FORM: &str = "must have the form host[:port][/path], such as example.com:5000/project: no user, query, fragment, '\\' or '..'";
const HOST: &str = "must start with a host name, an IPv4 address or an IPv6 address in brackets, such as example.com/project";
const PORT: &str = "must have a port between 1 and 65535, such as example.com:5000/project";
const PATH: &str = "must have a path as image names have it: lower-case letters and digits, with '.', '_' or '-' between them and '/' between its parts, such as example.com/my-team/project";

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
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.trim().is_empty() {
            return Err(EMPTY);
        }
        if text.len() > LENGTH_MAX {
            return Err(LONG);
        }
        if text.contains(|character: char| character.is_control() || character.is_whitespace()) {
            return Err(UNPRINTABLE);
        }
        if text.contains("://") {
            return Err(SCHEME);
        }
        if text.contains(['\\', '?', '#', '@', '%']) || text.contains("..") {
            return Err(FORM);
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
            return Err(PATH);
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

fn parse_host(text: &str) -> Result<(&str, Option<u16>), &'static str> {
    let (host, rest) = if let Some(bracketed) = text.strip_prefix('[') {
        let (host, rest) = bracketed.split_once(']').ok_or(HOST)?;
        // An IPv4 address at its end is a form that image names do not have.
        if host.contains('.') || host.parse::<Ipv6Addr>().is_err() {
            return Err(HOST);
        }
        (host, rest)
    } else {
        let (host, rest) = text.split_at(text.find(':').unwrap_or(text.len()));
        if !host.split('.').all(is_host_label) {
            return Err(HOST);
        }
        (host, rest)
    };
    if rest.is_empty() {
        return Ok((host, None));
    }
    let port = rest.strip_prefix(':').ok_or(HOST)?;
    // A leading zero or a sign is a second way to write the same port.
    let is_canonical = port.bytes().all(|byte| byte.is_ascii_digit()) && !port.starts_with('0');
    let port = port.parse().ok().filter(|_| is_canonical).ok_or(PORT)?;
    Ok((host, Some(port)))
}

fn is_host_label(label: &str) -> bool {
    is_bounded_by(label, |byte| byte.is_ascii_alphanumeric())
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// A part of the path of an image name: one `.`, one or two `_` or any number of `-` separate letters and digits.
fn is_path_component(component: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    is_bounded_by(component, is_word)
        && component.split(|character: char| u8::try_from(character).is_ok_and(is_word)).all(|separator| {
            matches!(separator, "" | "." | "_" | "__") || separator.bytes().all(|byte| byte == b'-')
        })
}

/// Whether the first and the last byte are such bytes.
fn is_bounded_by(text: &str, is: impl Fn(u8) -> bool) -> bool {
    text.bytes().next().is_some_and(&is) && text.bytes().last().is_some_and(&is)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

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
    #[case::empty("", EMPTY)]
    #[case::blank(" \n", EMPTY)]
    #[case::newline("acme\n", UNPRINTABLE)]
    #[case::carriage_return("example.com/acme\r\n", UNPRINTABLE)]
    #[case::space(" example.com", UNPRINTABLE)]
    #[case::control("example.com/a\u{7}", UNPRINTABLE)]
    #[case::line_separator("example.com/a\u{2028}", UNPRINTABLE)]
    #[case::scheme("https://example.com", SCHEME)]
    #[case::steers_to_a_path("localhost:8080\\_shutdown\\now?x.local", FORM)]
    #[case::steers_with_credentials("user:pw@host\\q?.local", FORM)]
    #[case::user("user@example.com/a", FORM)]
    #[case::query("example.com/a?b", FORM)]
    #[case::fragment("example.com/a#b", FORM)]
    #[case::percent("example.com/%2e%2e/a", FORM)]
    #[case::parent("example.com/../a", FORM)]
    #[case::dots_in_host("example..com/a", FORM)]
    #[case::no_host("/a", HOST)]
    #[case::host_with_dash("-a.example.com/a", HOST)]
    #[case::host_with_dash_at_its_end("a-.example.com/a", HOST)]
    #[case::host_with_dot_at_its_end("example.com./a", HOST)]
    #[case::host_not_ascii("exämple.com/a", HOST)]
    #[case::port_alone(":5000/a", HOST)]
    #[case::open_bracket("[::1/a", HOST)]
    #[case::zone("[fe80::1%25eth0]/a", FORM)]
    #[case::mapped("[::ffff:127.0.0.1]/a", HOST)]
    #[case::not_ipv6("[localhost]/a", HOST)]
    #[case::behind_bracket("[::1]x/a", HOST)]
    #[case::port_zero("example.com:0/a", PORT)]
    #[case::port_large("example.com:65536/a", PORT)]
    #[case::port_empty("example.com:/a", PORT)]
    #[case::port_with_sign("example.com:+80/a", PORT)]
    #[case::port_with_zero("example.com:080/a", PORT)]
    #[case::two_ports("example.com:80:80/a", PORT)]
    #[case::upper_case("example.com/Acme", PATH)]
    #[case::account_in_upper_case("Acme", PATH)]
    #[case::empty_part("example.com//a", PATH)]
    #[case::two_slashes("example.com/a//", PATH)]
    #[case::two_slashes_without_path("example.com//", PATH)]
    #[case::two_slashes_behind_an_account("team//", PATH)]
    #[case::slash_alone("/", HOST)]
    #[case::tag("example.com/a:latest", PATH)]
    #[case::separator_at_the_end("example.com/a-", PATH)]
    #[case::separators("example.com/a._b", PATH)]
    #[case::three_underscores("example.com/a___b", PATH)]
    #[case::not_ascii("example.com/é", PATH)]
    fn refuses(#[case] text: &str, #[case] rule: &str) {
        assert_eq!(RegistryAddress::parse(text), Err(rule));
    }

    #[test]
    fn is_bounded() {
        let of = |length: usize| format!("a.b/{}", "c".repeat(length - 4));
        assert!(RegistryAddress::parse(&of(LENGTH_MAX)).is_ok());
        assert_eq!(RegistryAddress::parse(&of(LENGTH_MAX + 1)), Err(LONG));
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
