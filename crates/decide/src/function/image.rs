//! The image of a Function: an address, and a tag that changes with everything that goes into the image and with
//! nothing else.

use super::names::Identity;

/// Whether a text is exactly the digest of an image.
#[must_use]
pub fn is_digest(text: &str) -> bool {
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.strip_prefix("sha256:").is_some_and(|hash| hash.len() == 64 && hash.bytes().all(is_hex))
}

/// The name of an image in a registry.
pub(super) fn name(registry: &str, identity: &Identity, tag: &str) -> String {
    format!("{}/{}-{}:{tag}", registry.trim_end_matches('/'), identity.namespace, identity.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_registry_namespace_and_function() {
        let identity = Identity { name: "f".to_owned(), namespace: "n".to_owned(), uid: "u".to_owned() };
        assert_eq!(name("registry.example.com/team", &identity, "t"), "registry.example.com/team/n-f:t");
        assert_eq!(name("registry.example.com/team/", &identity, "t"), "registry.example.com/team/n-f:t");
    }
}
