//! Host keys: whether the key of a server is known, by the rules of a `known_hosts` file.

use hmac::{Hmac, KeyInit as _, Mac as _};
use russh::keys::PublicKey;
use russh::keys::ssh_key::known_hosts::{Entry, HostPatterns, KnownHosts, Marker};
use sha1::Sha1;

/// The port of SSH, which `known_hosts` omits.
pub(super) const PORT: u16 = 22;
/// The longest file that is read, in bytes.
pub(super) const MAX_FILE: usize = 256 * 1024;
/// The longest line, in bytes: a line with an RSA key of 16,384 bits has about 3,000.
const MAX_LINE: usize = 8 * 1024;
/// The most names or patterns in one line.
const MAX_PATTERNS: usize = 128;

/// The result of the check of a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Judgement {
    /// It is a known key of the host.
    Known,
    /// No key of the host is known.
    New,
    /// The host has other known keys, or this one is revoked.
    Changed,
}

/// Checks the key of a host. Lines that cannot be parsed are ignored, as ssh does. A line or file that is too long is
/// an error, because skipping it could skip the line that revokes a key.
///
/// Tenants write the lines and choose the host, so the time is bounded: for each byte of the file, at most one pass
/// through the name.
pub(crate) fn judge(known_hosts: &str, host: &str, port: u16, key: &PublicKey) -> Result<Judgement, String> {
    check(known_hosts)?;
    let name = name(host, port);
    let entries = KnownHosts::new(known_hosts).filter_map(Result::ok).filter(|entry| is_of(entry, &name));
    let mut judgement = Judgement::New;
    for entry in entries {
        let is_same = entry.public_key().key_data() == key.key_data();
        match entry.marker() {
            Some(Marker::Revoked) if is_same => return Ok(Judgement::Changed),
            None if is_same => judgement = Judgement::Known,
            None if judgement == Judgement::New => judgement = Judgement::Changed,
            // Certificate authorities are not supported.
            Some(_) | None => {}
        }
    }
    Ok(judgement)
}

fn check(known_hosts: &str) -> Result<(), String> {
    if known_hosts.len() > MAX_FILE {
        return Err(format!(
            "known_hosts is longer than {MAX_FILE} bytes: keep the lines of this host alone"
        ));
    }
    for (line, number) in known_hosts.lines().zip(1..) {
        if line.len() > MAX_LINE {
            return Err(format!("line {number} of known_hosts is longer than {MAX_LINE} bytes: shorten it"));
        }
        let words = line.split_ascii_whitespace().find(|word| !word.starts_with('@'));
        if words.is_some_and(|hosts| hosts.split(',').count() > MAX_PATTERNS) {
            return Err(format!(
                "line {number} of known_hosts names more than {MAX_PATTERNS} hosts: split it"
            ));
        }
    }
    Ok(())
}

/// A line of a `known_hosts` file.
pub(super) fn line(host: &str, port: u16, key: &PublicKey) -> Option<String> {
    let mut key = key.clone();
    key.set_comment("");
    Some(format!("{} {}", name(host, port), key.to_openssh().ok()?.trim()))
}

fn name(host: &str, port: u16) -> String {
    let host = host.to_lowercase();
    if port == PORT { host } else { format!("[{host}]:{port}") }
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

/// `*` matches any text, `?` any character. Only the last `*` is ever retried with more text: everything before it
/// matches as early as possible, so no other choice there would leave more for the rest.
fn fits(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut in_text) = (0, 0);
    // The position after the last `*`, and where in the text its match ends for now.
    let mut star: Option<(usize, usize)> = None;
    while let Some(found) = text.get(in_text) {
        match pattern.get(at) {
            Some(b'*') => {
                at += 1;
                star = Some((at, in_text));
            }
            Some(wanted) if wanted == found || *wanted == b'?' => {
                at += 1;
                in_text += 1;
            }
            _ => {
                let Some((behind, end)) = star else { return false };
                (at, in_text) = (behind, end + 1);
                star = Some((behind, end + 1));
            }
        }
    }
    pattern.get(at..).unwrap_or_default().iter().all(|rest| *rest == b'*')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
    const OTHER: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA6rWI3G1sz07DnfFlrouTcysQlj2P+jpNSOEWD9OJ3X";
    // Written by `ssh-keygen -H` for the name `git.example.com`.
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
        assert_eq!(judge(known, "h", port, &key), Ok(expected));
    }

    #[test]
    fn a_name_may_be_hashed() {
        let (key, other) = (PublicKey::from_openssh(KEY).unwrap(), PublicKey::from_openssh(OTHER).unwrap());
        let known = format!("{HASHED} {KEY}");
        assert_eq!(judge(&known, "git.example.com", 22, &key), Ok(Judgement::Known));
        assert_eq!(judge(&known, "git.example.com", 22, &other), Ok(Judgement::Changed));
        assert_eq!(judge(&known, "example.com", 22, &key), Ok(Judgement::New));
    }

    #[test]
    fn a_line_is_known_again() {
        let key = PublicKey::from_openssh(&format!("{KEY} comment")).unwrap();
        assert_eq!(line("H", 22, &key).unwrap(), format!("h {KEY}"));
        let line = line("h", 2222, &key).unwrap();
        assert_eq!(line, format!("[h]:2222 {KEY}"));
        assert_eq!(judge(&line, "h", 2222, &key), Ok(Judgement::Known));
    }

    /// 14 stars and a name of 60 zeros: a naive matcher would never end.
    #[test]
    fn patterns_with_many_stars_are_judged_at_once() {
        let key = PublicKey::from_openssh(KEY).unwrap();
        let host = format!("{}177.0.0.1", "0".repeat(60));
        let known = format!("{}x {KEY}", "*0".repeat(14));
        let started = std::time::Instant::now();
        assert_eq!(judge(&known, &host, 22, &key), Ok(Judgement::New));
        assert!(started.elapsed() < std::time::Duration::from_millis(100));
    }

    /// The most work that a Secret can cause.
    #[test]
    fn the_longest_file_takes_bounded_time() {
        let key = PublicKey::from_openssh(KEY).unwrap();
        let pattern = format!("{}x {KEY}\n", "*0".repeat(4000));
        let known = pattern.repeat(MAX_FILE / pattern.len());
        let started = std::time::Instant::now();
        assert_eq!(judge(&known, &"0".repeat(253), 22, &key), Ok(Judgement::New));
        // The limit fits a build without optimisation on a busy machine.
        assert!(started.elapsed() < std::time::Duration::from_secs(10));
    }

    #[rstest]
    #[case::file(
        "x\n".repeat(MAX_FILE / 2 + 1),
        "known_hosts is longer than 262144 bytes: keep the lines of this host alone"
    )]
    #[case::line(
        format!("h {KEY}\n@revoked {} {KEY}", "h".repeat(MAX_LINE)),
        "line 2 of known_hosts is longer than 8192 bytes: shorten it"
    )]
    #[case::hosts(
        format!("@revoked {}h {KEY}", "h,".repeat(MAX_PATTERNS)),
        "line 1 of known_hosts names more than 128 hosts: split it"
    )]
    fn what_is_too_long_is_no_line_that_is_passed_over(#[case] known: String, #[case] expected: &str) {
        let key = PublicKey::from_openssh(KEY).unwrap();
        assert_eq!(judge(&known, "h", 22, &key), Err(expected.to_owned()));
    }

    /// The definition of a match, for short texts.
    fn fits_by_definition(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some((b'*', rest)), _) => {
                (0..=text.len()).any(|skipped| fits_by_definition(rest, &text[skipped..]))
            }
            (Some((wanted, rest)), Some((found, others))) => {
                (wanted == found || *wanted == b'?') && fits_by_definition(rest, others)
            }
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn patterns_fit_what_they_mean(pattern in "[ab*?]{0,8}", text in "[ab]{0,8}") {
            let expected = fits_by_definition(pattern.as_bytes(), text.as_bytes());
            prop_assert_eq!(fits(pattern.as_bytes(), text.as_bytes()), expected);
        }
    }
}
