//! Host keys: whether the one that a server shows is known, by the rules of a `known_hosts` file.

use hmac::{Hmac, KeyInit as _, Mac as _};
use russh::keys::PublicKey;
use russh::keys::ssh_key::known_hosts::{Entry, HostPatterns, KnownHosts, Marker};
use sha1::Sha1;

/// What is known of a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Judgement {
    /// It is that of the host.
    Known,
    /// No key of the host is known.
    New,
    /// The host is known by other keys, or this one has been revoked.
    Changed,
}

/// Judges the key that a host shows. Lines that cannot be read count for nothing.
pub(super) fn judge(known_hosts: &str, host: &str, port: u16, key: &PublicKey) -> Judgement {
    let name = name(host, port);
    let entries = KnownHosts::new(known_hosts).filter_map(Result::ok).filter(|entry| is_of(entry, &name));
    let mut judgement = Judgement::New;
    for entry in entries {
        let is_same = entry.public_key().key_data() == key.key_data();
        match entry.marker() {
            Some(Marker::Revoked) if is_same => return Judgement::Changed,
            None if is_same => judgement = Judgement::Known,
            None if judgement == Judgement::New => judgement = Judgement::Changed,
            // Authorities that sign keys are not served.
            Some(_) | None => {}
        }
    }
    judgement
}

/// A line of a `known_hosts` file.
pub(super) fn line(host: &str, port: u16, key: &PublicKey) -> Option<String> {
    let mut key = key.clone();
    key.set_comment("");
    Some(format!("{} {}", name(host, port), key.to_openssh().ok()?.trim()))
}

fn name(host: &str, port: u16) -> String {
    let host = host.to_lowercase();
    if port == super::ssh::PORT { host } else { format!("[{host}]:{port}") }
}

fn is_of(entry: &Entry, name: &str) -> bool {
    match entry.host_patterns() {
        HostPatterns::HashedName { salt, hash } => Hmac::<Sha1>::new_from_slice(salt).is_ok_and(|mut mac| {
            mac.update(name.as_bytes());
            mac.verify_slice(hash).is_ok()
        }),
        HostPatterns::Patterns(patterns) => {
            let fits = |pattern: &str| fits(pattern.to_lowercase().as_bytes(), name.as_bytes());
            let is_refused = patterns.iter().filter_map(|pattern| pattern.strip_prefix('!')).any(fits);
            !is_refused && patterns.iter().any(|pattern| fits(pattern))
        }
    }
}

/// `*` is any text, `?` any character.
fn fits(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), None) => fits(rest, text),
        (Some((b'*', rest)), Some((_, others))) => fits(rest, text) || fits(pattern, others),
        (Some((b'?', rest)), Some((_, others))) => fits(rest, others),
        (Some((wanted, rest)), Some((found, others))) => wanted == found && fits(rest, others),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use rstest::rstest;

    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
    const OTHER: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA6rWI3G1sz07DnfFlrouTcysQlj2P+jpNSOEWD9OJ3X";
    // Of `ssh-keygen -H`: the name `git.example.com`.
    const HASHED: &str = "|1|wCaWyEP9BQb68M/hf+oJLIjxg10=|+v2EX+x3kWRZwFGXuvBjMB1CFCI=";

    #[rstest]
    #[case::nothing("", 22, Judgement::New)]
    #[case::same(&format!("h {KEY}"), 22, Judgement::Known)]
    #[case::other(&format!("h {OTHER}"), 22, Judgement::Changed)]
    #[case::one_of_two(&format!("h {OTHER}\nh {KEY} me@example"), 22, Judgement::Known)]
    #[case::other_host(&format!("g {OTHER}"), 22, Judgement::New)]
    #[case::other_port(&format!("h {OTHER}"), 2222, Judgement::New)]
    #[case::port(&format!("[h]:2222 {KEY}"), 2222, Judgement::Known)]
    #[case::list(&format!("g,H {KEY}"), 22, Judgement::Known)]
    #[case::pattern(&format!("* {KEY}"), 22, Judgement::Known)]
    #[case::refused_pattern(&format!("*,!h {KEY}"), 22, Judgement::New)]
    #[case::revoked(&format!("h {KEY}\n@revoked * {KEY}"), 22, Judgement::Changed)]
    #[case::authority(&format!("@cert-authority h {OTHER}"), 22, Judgement::New)]
    #[case::comments(&format!("# h {OTHER}\n\n???\nh {KEY}"), 22, Judgement::Known)]
    fn keys_are_judged(#[case] known: &str, #[case] port: u16, #[case] expected: Judgement) {
        let key = PublicKey::from_openssh(KEY).unwrap();
        assert_eq!(judge(known, "h", port, &key), expected);
    }

    #[test]
    fn a_name_may_be_hashed() {
        let (key, other) = (PublicKey::from_openssh(KEY).unwrap(), PublicKey::from_openssh(OTHER).unwrap());
        let known = format!("{HASHED} {KEY}");
        assert_eq!(judge(&known, "git.example.com", 22, &key), Judgement::Known);
        assert_eq!(judge(&known, "git.example.com", 22, &other), Judgement::Changed);
        assert_eq!(judge(&known, "example.com", 22, &key), Judgement::New);
    }

    #[test]
    fn a_line_is_known_again() {
        let key = PublicKey::from_openssh(&format!("{KEY} comment")).unwrap();
        assert_eq!(line("H", 22, &key).unwrap(), format!("h {KEY}"));
        let line = line("h", 2222, &key).unwrap();
        assert_eq!(line, format!("[h]:2222 {KEY}"));
        assert_eq!(judge(&line, "h", 2222, &key), Judgement::Known);
    }
}
