//! The image of a Function: an address, and a tag that changes with everything that goes into the image and with nothing
//! else.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::names::Identity;

/// A tag over parts. Each is preceded by its length, so that no two lists of parts look the same.
#[must_use]
pub fn tag(parts: &[impl AsRef<[u8]>]) -> String {
    let mut hasher = Sha256::new();
    for part in parts.iter().map(AsRef::as_ref) {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hex(&hasher.finalize())
}

/// Whether a text is the digest of an image, and nothing else.
#[must_use]
pub fn is_digest(text: &str) -> bool {
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.strip_prefix("sha256:").is_some_and(|hash| hash.len() == 64 && hash.bytes().all(is_hex))
}

/// Bytes in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The name of an image in a registry.
#[must_use]
pub fn name(registry: &str, identity: &Identity, tag: &str) -> String {
    format!("{}/{}-{}:{tag}", registry.trim_end_matches('/'), identity.namespace, identity.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_join_to_the_same_text_have_different_tags() {
        let tags = [tag(&["a-b", "c"]), tag(&["a", "b-c"]), tag(&["a-b-c"]), tag(&["a-b", "c", ""])];
        for (index, one) in tags.iter().enumerate() {
            assert_eq!(one.len(), 64);
            assert!(tags.iter().skip(index + 1).all(|other| other != one));
        }
    }

    #[test]
    fn a_name_is_registry_namespace_and_function() {
        let identity = Identity { name: "f".to_owned(), namespace: "n".to_owned(), uid: "u".to_owned() };
        assert_eq!(name("registry.example.com/team", &identity, "t"), "registry.example.com/team/n-f:t");
        assert_eq!(name("registry.example.com/team/", &identity, "t"), "registry.example.com/team/n-f:t");
    }
}
