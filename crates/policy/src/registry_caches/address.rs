//! The upstream of a cache, and the addresses through which it is reached. A message about an address never shows it if it
//! may hold credentials.

use api::cache::RegistryCacheSpec;

use crate::container_registries::{DOCKER_HUB, DOCKER_HUB_API};
use crate::percent;
use crate::rule::Rule;
use crate::syntax;
use crate::violation::{Value, Violation, Violations};

/// Where a cache gets the images from.
#[must_use]
pub fn remote_url(spec: &RegistryCacheSpec) -> String {
    let upstream = spec.upstream.as_str();
    let host = if upstream == DOCKER_HUB { DOCKER_HUB_API } else { upstream };
    spec.remote_url.clone().unwrap_or_else(|| format!("https://{host}"))
}

/// Checks a host with or without a port. `shown` is the value that contains it.
pub(crate) fn check_host(field: &str, host_port: &str, shown: &str, violations: &mut Violations) {
    let (host, port) = split(host_port);
    if let Err(must) = syntax::dns_1123_subdomain(host) {
        violations.push(Violation::invalid(Rule::CacheUpstream, field, shown, must));
    }
    if let Some(port) = port.filter(|port| !is_port(port)) {
        let must = format!("port '{port}' is not valid, valid port must be in the range [1, 65535]");
        violations.push(Violation::invalid(Rule::CacheUpstream, field, shown, must));
    }
}

/// A host and its port. What is no number is a part of the host.
fn split(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => {
            (host, Some(port))
        }
        _ => (text, None),
    }
}

fn is_port(text: &str) -> bool {
    !text.starts_with('0') && text.parse::<u16>().is_ok()
}

/// Checks an address that has a scheme, a host and perhaps a port.
pub(crate) fn check_url(field: &str, url: &str, violations: &mut Violations) {
    check(field, url, violations, |path, found| {
        if !path.is_empty() {
            found.push("url must not contain a path");
        }
    });
}

/// Checks an address that may have a path, too.
pub(crate) fn check_url_with_path(field: &str, url: &str, violations: &mut Violations) {
    check(field, url, violations, |path, found| {
        let path = percent::decoded(path);
        for (part, must) in [("..", "url path must not contain '..'"), (".", "url path must not contain '.'")]
        {
            if path.split('/').any(|found| found == part) {
                found.push(must);
            }
        }
    });
}

/// `check_path` gets the path without the slash at its start.
fn check(field: &str, url: &str, violations: &mut Violations, check_path: fn(&str, &mut Vec<&'static str>)) {
    let refusal = |must: &str| {
        let value = if url.contains('@') { Value::Withheld } else { url.into() };
        Violation::invalid(Rule::CacheUrl, field, value, must)
    };
    if let Some(problem) = unreadable(url) {
        return violations.push(refusal(&format!("failed to parse url: {problem}")));
    }
    let Some(rest) = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")) else {
        return violations.push(refusal("url must start with 'http://' or 'https://' scheme"));
    };
    let (rest, fragment) = cut(rest, '#');
    let (rest, query) = cut(rest, '?');
    let (authority, path) = cut(rest, '/');
    let (user, host) =
        authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
    if user.is_none() {
        check_host(field, host, url, violations);
    }
    let mut found = Vec::new();
    check_path(path.unwrap_or_default(), &mut found);
    for (is_there, must) in [
        (user.is_some(), "url must not contain user info"),
        (query.is_some(), "url must not contain query parameters"),
        (fragment.is_some(), "url must not contain a fragment"),
    ] {
        if is_there {
            found.push(must);
        }
    }
    violations.extend(found.into_iter().map(refusal));
}

/// What is before a character, and what is behind it if it is there.
fn cut(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(before, behind)| (before, Some(behind)))
}

/// Why Go reads no address, without any part of the address.
fn unreadable(url: &str) -> Option<&'static str> {
    let authority =
        url.split_once("://").map(|(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or_default());
    let escapes = url.split('%').skip(1);
    let is_escape = |rest: &str| rest.len() >= 2 && rest.bytes().take(2).all(|byte| byte.is_ascii_hexdigit());
    if url.chars().any(|character| character.is_ascii_control()) {
        Some("invalid control character in URL")
    } else if url.starts_with(':') {
        Some("missing protocol scheme")
    } else if authority.is_some_and(|authority| authority.contains(' ')) {
        Some("invalid character \" \" in host name")
    } else if escapes.into_iter().any(|rest| !is_escape(rest)) {
        Some("invalid URL escape")
    } else {
        None
    }
}

/// Whether a text holds certificates in PEM.
pub(crate) fn holds_certificates(text: &str) -> bool {
    let certificates = x509_parser::pem::Pem::iter_from_buffer(text.as_bytes());
    let mut count = 0;
    for pem in certificates {
        let Ok(pem) = pem else { return false };
        if pem.label != "CERTIFICATE" || pem.parse_x509().is_err() {
            return false;
        }
        count += 1;
    }
    count > 0
}
