//! The address of a Git repository, validated by parsing: the transport is what the structure says, never a match
//! over the text. Nothing is fetched here; the address later reaches a Git client, so what could be an option or a
//! command is refused, also where it is written with percent signs, which Git clients decode.

use std::borrow::Cow;

use api::limits::URL_MAX;
use serde::Deserialize;

use crate::percent;

/// How strict addresses are judged.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum GitUrls {
    /// The path must end in `.git`.
    #[default]
    Strict,
    /// The path may end in anything, as with Azure DevOps.
    Lenient,
}

/// How a repository is reached.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Transport {
    /// `http://` or `https://`.
    Http,
    /// `git://`, which carries no credentials.
    Git,
    /// `ssh://`, `git+ssh://` or `user@host:path`.
    Ssh,
}

/// Why an address is refused. No text holds any part of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum GitUrlError {
    /// It begins or ends with a space or a control character.
    #[error("must not begin or end with a space or control character")]
    Surrounded,
    /// It is too long.
    #[error("must be no longer than 2048 characters")]
    Length,
    /// It holds a space or a control character.
    #[error("must not hold spaces or control characters")]
    Unprintable,
    /// Its scheme is not one of those that are served.
    #[error(
        "must start with http://, https://, git://, ssh:// or git+ssh://, or have the form user@host:path"
    )]
    Scheme,
    /// It holds a password or a token.
    #[error("must not hold credentials: put them into a Secret and name it in spec.auth.secretName")]
    Credentials,
    /// It has no host, or an invalid one.
    #[error(
        "must name a host, with a port between 1 and 65535 if any, as in ssh://git@host:22/path.git or git@host:path.git"
    )]
    Host,
    /// It has a query or a fragment, which may be a token.
    #[error(
        "must not have a query or a fragment: put credentials into a Secret and name it in spec.auth.secretName"
    )]
    Query,
    /// Its path leads out of the folder that it names.
    #[error("must not hold \"..\" in its path")]
    Parent,
    /// A part could be taken for an option of a Git client.
    #[error("host, user and path must not start with '-'")]
    Option,
    /// It has no path.
    #[error("must name the path of a repository")]
    Path,
    /// Its path does not end in `.git`.
    #[error("must end with .git, unless the installation sets gitUrls: lenient")]
    Suffix,
}

const SCHEMES: [(&str, Transport); 5] = [
    ("http://", Transport::Http),
    ("https://", Transport::Http),
    ("git://", Transport::Git),
    ("ssh://", Transport::Ssh),
    ("git+ssh://", Transport::Ssh),
];

/// Where a repository is, as a client needs it. User and path over SSH and `git://` are decoded, as Git does.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Address {
    /// How it is reached.
    pub transport: Transport,
    /// Who asks for it.
    pub user: Option<String>,
    /// The host, without brackets.
    pub host: String,
    /// The port, if it is not that of the transport.
    pub port: Option<u16>,
    /// The path: with its slash in front, unless it starts in the folder of the user.
    pub path: String,
}

/// The parts of an address.
struct Parts<'a> {
    transport: Transport,
    user: Option<&'a str>,
    host: &'a str,
    path: &'a str,
    /// Whether it has a scheme, so that percent signs in it have a meaning.
    is_url: bool,
}

/// Judges an address and says how it is reached, which is known even of many that are refused.
pub fn parse(url: &str, rule: GitUrls) -> (Option<Transport>, Result<(), GitUrlError>) {
    if url.len() > URL_MAX && url.chars().nth(URL_MAX).is_some() {
        return (None, Err(GitUrlError::Length));
    }
    let trimmed = url.trim_matches(is_blank);
    match split(trimmed) {
        Ok(parts) => {
            // That a credential is there is said first: of such an address nothing is shown.
            let surrounded = if trimmed.len() == url.len() { Ok(()) } else { Err(GitUrlError::Surrounded) };
            let checked = no_credentials(&parts).and(surrounded).and_then(|()| check(&parts, rule));
            (Some(parts.transport), checked)
        }
        Err(_) if trimmed.len() != url.len() => (None, Err(GitUrlError::Surrounded)),
        Err(error) => (None, Err(error)),
    }
}

/// The parts of an address, of any ending.
///
/// # Errors
/// What [`parse`] finds wrong with it when it is lenient.
pub fn address(url: &str) -> Result<Address, GitUrlError> {
    parse(url, GitUrls::Lenient).1?;
    let parts = split(url)?;
    let (host, port) = match parts.host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, port)) => (host, port.strip_prefix(':')),
        None => parts.host.split_once(':').map_or((parts.host, None), |(host, port)| (host, Some(port))),
    };
    let is_encoded = parts.is_url && parts.transport != Transport::Http;
    let text = |part| if is_encoded { percent::decoded(part).into_owned() } else { String::from(part) };
    Ok(Address {
        transport: parts.transport,
        user: parts.user.map(text),
        host: host.to_owned(),
        port: port.and_then(|port| port.parse().ok()),
        path: text(parts.path),
    })
}

/// Whether a text may hold a password or token, so that it must not be shown, be it an address or not.
#[must_use]
pub fn may_hold_credentials(text: &str) -> bool {
    // Whose user is a person or a program. A query, a fragment and what is encoded may hold anything.
    const HARMLESS: [&str; 3] = ["git@", "ssh://git@", "git+ssh://git@"];
    let rest = HARMLESS.into_iter().find_map(|start| text.trim_start().strip_prefix(start)).unwrap_or(text);
    rest.contains(['@', '?', '#', '%'])
}

fn split(url: &str) -> Result<Parts<'_>, GitUrlError> {
    let scheme =
        SCHEMES.into_iter().find_map(|(scheme, transport)| Some((url.strip_prefix(scheme)?, transport)));
    if let Some((rest, transport)) = scheme {
        // What ends the authority; without it all of the rest is.
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let (user, host) =
            authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
        return Ok(Parts { transport, user, host, path, is_url: true });
    }
    let (before, path) = split_scp(url).ok_or(GitUrlError::Scheme)?;
    let (user, host) = before.rsplit_once('@').ok_or(GitUrlError::Scheme)?;
    if user.is_empty() || path.starts_with("//") || before.contains('/') {
        return Err(GitUrlError::Scheme);
    }
    Ok(Parts { transport: Transport::Ssh, user: Some(user), host, path, is_url: false })
}

/// What looks like a port in an address of the form `user@host:path`, which has none.
pub(crate) fn port_in_path(url: &str) -> Option<u16> {
    let parts = split(url).ok().filter(|parts| !parts.is_url)?;
    parts.path.split('/').next()?.parse().ok().filter(|port| *port > 0)
}

/// `user@host` and `path` of `user@host:path`; the colon is the first one behind the host.
fn split_scp(url: &str) -> Option<(&str, &str)> {
    let at = url.find('@')?;
    let (_, rest) = url.split_at(at);
    let colon = if rest.starts_with("@[") { rest.find("]:")? + 1 } else { rest.find(':')? };
    let (before, path) = url.split_at_checked(at + colon)?;
    Some((before, path.strip_prefix(':')?))
}

fn no_credentials(parts: &Parts<'_>) -> Result<(), GitUrlError> {
    // Over SSH a user without a password is no secret: keys prove who it is. Elsewhere it may be a token.
    let holds = match parts.transport {
        Transport::Http | Transport::Git => parts.user.is_some() || contains_encoded_user(parts.host),
        Transport::Ssh => parts.user.is_some_and(|user| percent::decoded(user).contains(':')),
    };
    if holds { Err(GitUrlError::Credentials) } else { Ok(()) }
}

/// Whether the `@` behind a user is written with a percent sign.
fn contains_encoded_user(host: &str) -> bool {
    percent::decoded(host).contains('@')
}

fn check(parts: &Parts<'_>, rule: GitUrls) -> Result<(), GitUrlError> {
    let all = [parts.user.unwrap_or_default(), parts.host, parts.path];
    if all.iter().any(|part| part.contains(is_blank)) {
        return Err(GitUrlError::Unprintable);
    }
    let user = parts.user.map(|user| decoded(parts, user));
    let path = decoded(parts, parts.path);
    check_decoded(user.as_deref(), parts.host, &path)?;
    if parts.path.contains(['?', '#']) {
        return Err(GitUrlError::Query);
    }
    if parts.is_url && path.split('/').any(|segment| segment == "..") {
        return Err(GitUrlError::Parent);
    }
    let path = parts.path.trim_start_matches('/');
    if path.is_empty() {
        return Err(GitUrlError::Path);
    }
    let path = path.strip_suffix('/').unwrap_or(path);
    let named = path.strip_suffix(".git").is_some_and(|name| !name.is_empty() && !name.ends_with('/'));
    if rule == GitUrls::Strict && !named {
        return Err(GitUrlError::Suffix);
    }
    Ok(())
}

/// What a client makes of a part of an address.
fn decoded<'a>(parts: &Parts<'_>, part: &'a str) -> Cow<'a, str> {
    if parts.is_url { percent::decoded(part) } else { Cow::Borrowed(part) }
}

/// What must not be in an address as a client reads it. A host is never encoded: no name has a percent sign.
fn check_decoded(user: Option<&str>, host: &str, path: &str) -> Result<(), GitUrlError> {
    let user_text = user.unwrap_or_default();
    if user_text.contains(is_blank) || path.contains(char::is_control) {
        return Err(GitUrlError::Unprintable);
    }
    let is_option = |text: &str| text.starts_with('-');
    if is_option(user_text) || is_option(&percent::decoded(host)) || is_option(path.trim_start_matches('/')) {
        return Err(GitUrlError::Option);
    }
    // Git decodes an address before it takes it apart: a user with a slash would become the host.
    let moves_host = user_text.contains(['/', '?', '#']);
    if user.is_some_and(str::is_empty) || moves_host || !is_host(host) {
        return Err(GitUrlError::Host);
    }
    Ok(())
}

fn is_blank(character: char) -> bool {
    character.is_whitespace() || character.is_control()
}

/// A host name, an address or an IPv6 address in brackets, with or without a port.
fn is_host(host: &str) -> bool {
    let (name, port) = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, rest)) if address.parse::<std::net::Ipv6Addr>().is_ok() => (None, rest),
        Some(_) => return false,
        None => match host.split_once(':') {
            Some((name, _)) => (Some(name), host.get(name.len()..).unwrap_or_default()),
            None => (Some(host), ""),
        },
    };
    let is_name = |name: &str| {
        !name.is_empty()
            && name.split('.').all(|label| !label.is_empty() && !label.starts_with('-'))
            && name
                .chars()
                .all(|character| character.is_alphanumeric() || matches!(character, '-' | '.' | '_'))
    };
    let is_port = |port: &str| {
        port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
    };
    name.is_none_or(is_name) && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
}

#[cfg(test)]
mod tests;
