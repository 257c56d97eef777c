//! The keys under which a Secret holds the files of a node.

use crate::hash;

/// The longest key of a Secret, in bytes.
const LENGTH_MAX: usize = 253;

/// The key for the file at a path: `docker.io/hosts.toml` is `docker.io.hosts.toml`, and what no key may hold becomes `_`.
///
/// Names of hosts hold no `_`, so paths of files for nodes have different keys. A key that is too long has a hash in it.
#[must_use]
pub fn secret_key(path: &str) -> String {
    let allowed = |character| match character {
        '/' => '.',
        '-' | '.' | '_' => character,
        _ if character.is_ascii_alphanumeric() => character,
        _ => '_',
    };
    let mut key: String = path.chars().map(allowed).collect();
    if key.len() > LENGTH_MAX {
        // The name of the file stays, by which the key is known as one of ours.
        let name = path.rsplit('/').next().unwrap_or_default();
        let end = format!("-{}.{name}", hash::of_bytes(path.as_bytes()));
        key.truncate(LENGTH_MAX.saturating_sub(end.len()));
        key.push_str(&end);
    }
    key
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::plain("docker.io/hosts.toml", "docker.io.hosts.toml")]
    #[case::port("example.com:5000/ca-0a1b2c3d.pem", "example.com_5000.ca-0a1b2c3d.pem")]
    #[case::ipv6("[2001:db8::1]:5000/hosts.toml", "_2001_db8__1__5000.hosts.toml")]
    #[case::any("_default/hosts.toml", "_default.hosts.toml")]
    #[case::top("registry-config.toml", "registry-config.toml")]
    fn keys_hold_only_what_they_may(#[case] path: &str, #[case] key: &str) {
        assert_eq!(secret_key(path), key);
    }

    #[test]
    fn long_keys_are_cut_and_stay_different() {
        let [one, other] =
            ["hosts.toml", "ca.pem"].map(|name| secret_key(&format!("{}/{name}", "a".repeat(253))));
        assert_eq!((one.len(), other.len()), (253, 253));
        assert_ne!(one, other);
    }
}
