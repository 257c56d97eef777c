//! The address of a Git repository, validated by parsing: the transport is what the structure says, never a match
//! over the text. Nothing is fetched here; the address later reaches a Git client, so what could be an option or a
//! command is refused.

use serde::Deserialize;

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
    /// It holds a space or a control character.
    #[error("must not hold spaces or control characters")]
    Unprintable,
    /// Its scheme is not one of those that are served.
    #[error(
        "must start with http://, https://, git://, ssh:// or git+ssh://, or have the form user@host:path"
    )]
    Scheme,
    /// It holds a password.
    #[error("must not hold credentials: put them into a Secret and name it in spec.auth.secretName")]
    Credentials,
    /// It has no host, or one that is none.
    #[error("must name a host, with a port between 1 and 65535 if any")]
    Host,
    /// A part could be taken for an option of a Git client.
    #[error("host, user and path must not start with '-'")]
    Option,
    /// It has no path.
    #[error("must name the path of a repository")]
    Path,
    /// Its path does not end in `.git`.
    #[error("must end with .git")]
    Suffix,
}

const SCHEMES: [(&str, Transport); 5] = [
    ("http://", Transport::Http),
    ("https://", Transport::Http),
    ("git://", Transport::Git),
    ("ssh://", Transport::Ssh),
    ("git+ssh://", Transport::Ssh),
];

/// Where a repository is, as a client needs it.
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
}

/// Judges an address and says how it is reached, which is known even of many that are refused.
pub fn parse(url: &str, rule: GitUrls) -> (Option<Transport>, Result<(), GitUrlError>) {
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
/// What [`parse`] finds wrong with it.
pub fn address(url: &str) -> Result<Address, GitUrlError> {
    parse(url, GitUrls::Lenient).1?;
    let parts = split(url)?;
    let (host, port) = match parts.host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, port)) => (host, port.strip_prefix(':')),
        None => parts.host.split_once(':').map_or((parts.host, None), |(host, port)| (host, Some(port))),
    };
    Ok(Address {
        transport: parts.transport,
        user: parts.user.map(str::to_owned),
        host: host.to_owned(),
        port: port.and_then(|port| port.parse().ok()),
        path: parts.path.to_owned(),
    })
}

/// Whether a text may hold a password before an `@`, so that it must not be shown, be it an address or not.
#[must_use]
pub fn may_hold_credentials(text: &str) -> bool {
    let authority = text.split_once("://").map_or(text, |(_, rest)| rest);
    authority.rsplit_once('@').is_some_and(|(before, _)| before.contains(':') || before.contains("%3"))
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
        return Ok(Parts { transport, user, host, path });
    }
    let (before, path) = split_scp(url).ok_or(GitUrlError::Scheme)?;
    let (user, host) = before.rsplit_once('@').ok_or(GitUrlError::Scheme)?;
    if user.is_empty() || path.starts_with("//") || before.contains('/') {
        return Err(GitUrlError::Scheme);
    }
    Ok(Parts { transport: Transport::Ssh, user: Some(user), host, path })
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
    let holds =
        parts.user.is_some_and(|user| user.contains(':') || user.to_ascii_lowercase().contains("%3a"));
    if holds { Err(GitUrlError::Credentials) } else { Ok(()) }
}

fn check(parts: &Parts<'_>, rule: GitUrls) -> Result<(), GitUrlError> {
    let all = [parts.user.unwrap_or_default(), parts.host, parts.path];
    if all.iter().any(|part| part.contains(is_blank)) {
        return Err(GitUrlError::Unprintable);
    }
    let path = parts.path.trim_start_matches('/');
    if parts.user.is_some_and(|user| user.starts_with('-'))
        || parts.host.starts_with('-')
        || path.starts_with('-')
    {
        return Err(GitUrlError::Option);
    }
    if parts.user.is_some_and(str::is_empty) || !is_host(parts.host) {
        return Err(GitUrlError::Host);
    }
    if path.is_empty() {
        return Err(GitUrlError::Path);
    }
    let path = path.strip_suffix('/').unwrap_or(path);
    let named = path.strip_suffix(".git").is_some_and(|name| !name.is_empty() && !name.ends_with('/'));
    if rule == GitUrls::Strict && (!named || path.contains(['?', '#'])) {
        return Err(GitUrlError::Suffix);
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
