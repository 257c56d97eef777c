//! The image of a Function: an address, and a tag that changes with everything that goes into the image and with
//! nothing else.

use super::names::Identity;
use crate::hash;

/// How much of a hash is in the tag of a cache.
const CACHE_HASH: usize = 12;

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

/// The name of the cache of a Function, in the repository of its images. Functions of other namespaces can have the same
/// repository: `a-b/c` and `a/b-c`. The hash tells them apart. Whoever requests a rebuild wants newer packages, too, which
/// an old cache would hide.
pub(super) fn cache(registry: &str, identity: &Identity, rebuild: Option<&str>) -> String {
    let hash = hash::of_parts(&[&identity.namespace, &identity.name, rebuild.unwrap_or_default()]);
    name(registry, identity, &format!("cache-{}", hash.get(..CACHE_HASH).unwrap_or(&hash)))
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

    #[test]
    fn no_two_functions_have_the_same_cache() {
        let rebuilt = |namespace: &str, name: &str, uid: &str, rebuild: Option<&str>| {
            let identity =
                Identity { name: name.to_owned(), namespace: namespace.to_owned(), uid: uid.to_owned() };
            cache("registry.example.com/team", &identity, rebuild)
        };
        let cache = |namespace: &str, name: &str, uid: &str| rebuilt(namespace, name, uid, None);
        assert_eq!(cache("n", "f", "u"), "registry.example.com/team/n-f:cache-9ce3a3c2ff94");
        // A Function that is created again uses it again.
        assert_eq!(cache("n", "f", "u"), cache("n", "f", "other"));
        let (one, other) = (cache("a-b", "c", "u"), cache("a", "b-c", "u"));
        assert!(one.starts_with("registry.example.com/team/a-b-c:cache-"), "{one}");
        assert_eq!(one.split(':').next(), other.split(':').next());
        assert_ne!(one, other);
        assert_ne!(rebuilt("n", "f", "u", Some("1")), cache("n", "f", "u"));
        assert_ne!(rebuilt("n", "f", "u", Some("1")), rebuilt("n", "f", "u", Some("2")));
    }
}
