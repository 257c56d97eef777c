//! The names of pull-through caches: labels and annotations, and what is derived from the upstream. They are those of
//! Gardener's registry-cache extension.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// Label of a Secret with the credentials of an upstream, with the value [`CREDENTIALS_VALUE`].
pub const CREDENTIALS: &str = "serverless.kyma-project.io/upstream-credentials";
/// See [`CREDENTIALS`].
pub const CREDENTIALS_VALUE: &str = "config";

/// Annotation of such a Secret: the names of the caches that use it, with commas between them. The controller writes it.
pub const USED_BY: &str = "serverless.kyma-project.io/used-by-caches";

/// Keys of a Secret with the credentials of an upstream.
pub mod credentials_key {
    /// The user.
    pub const USERNAME: &str = "username";
    /// The password, the token or the key of a service account.
    pub const PASSWORD: &str = "password";
}

/// Label of the objects of a cache: [`upstream_label`].
pub const UPSTREAM_HOST: &str = "upstream-host";
/// Label of the Pods of all caches, with the value [`POD_VALUE`].
pub const POD: &str = "app.kubernetes.io/name";
/// See [`POD`].
pub const POD_VALUE: &str = "registry-cache";

/// Annotations of the Service of a cache.
pub mod service_annotation {
    /// The host in the names of the images.
    pub const UPSTREAM: &str = "upstream";
    /// Where the cache gets the images from.
    pub const REMOTE_URL: &str = "remote-url";
    /// `http` or `https`.
    pub const SCHEME: &str = "scheme";
}

/// Annotations of the Secret with the credentials that an upstream has accepted: which ones they are.
pub mod proven_annotation {
    /// The name of the Secret that they come from.
    pub const SECRET: &str = "serverless.kyma-project.io/proven-secret";
    /// Its `resourceVersion`.
    pub const VERSION: &str = "serverless.kyma-project.io/proven-version";
}

/// The key of the authority of a cache, in the Secret that its status names.
pub const BUNDLE: &str = "bundle.crt";

/// The socket at which the registry of a cache gets the credentials from the gateway beside it.
pub const SOCKET: &str = "/run/cache/credentials.sock";

/// What the names of the objects of caches start with.
const PREFIX: &str = "registry-";
/// The longest upstream that a name holds as it is.
const UPSTREAM_MAX: usize = 43;
/// How much of a longer one a name keeps.
const KEPT: usize = 37;
/// The characters of the hash of a longer one.
const HASH: usize = 5;
/// The characters of the hash of the content of a Secret.
const CONTENT_HASH: usize = 8;

/// The value of [`UPSTREAM_HOST`] for an upstream, `host[:port]`.
#[must_use]
pub fn upstream_label(upstream: &str) -> String {
    let label = upstream.replace(':', "-");
    if upstream.len() <= UPSTREAM_MAX {
        return label;
    }
    let kept: String = label.chars().take(KEPT).collect();
    format!("{kept}-{}", hexadecimal(upstream.as_bytes(), HASH))
}

/// The name of the objects of a cache.
#[must_use]
pub fn resource(upstream: &str) -> String {
    format!("{PREFIX}{}", upstream_label(upstream).replace('.', "-"))
}

/// The name of the Service of a cache, with its `serviceNameSuffix`.
#[must_use]
pub fn service(upstream: &str, suffix: Option<&str>) -> String {
    suffix.map_or_else(|| resource(upstream), |suffix| format!("{PREFIX}{suffix}"))
}

/// The Secret with the certificate of a cache.
#[must_use]
pub fn tls(upstream: &str) -> String {
    format!("{}-tls", resource(upstream))
}

/// The Secret with the authority of the certificate of a cache, and no key.
#[must_use]
pub fn authority(upstream: &str) -> String {
    format!("{}-ca", resource(upstream))
}

/// The Secret with the token authority of a cache.
#[must_use]
pub fn token_authority(upstream: &str) -> String {
    format!("{}-token-authority", resource(upstream))
}

/// The Secret with the credentials that the upstream has accepted. The gateway of the cache reads it.
#[must_use]
pub fn proven(upstream: &str) -> String {
    format!("{}-credentials", resource(upstream))
}

/// What the names of the Secrets with the configuration of a cache start with.
#[must_use]
pub fn configuration(upstream: &str) -> String {
    format!("{}-config", resource(upstream))
}

/// The name of an immutable Secret: `name` and a hash of its values, which are in the order of their keys.
#[must_use]
pub fn with_content<'a>(name: &str, values: impl IntoIterator<Item = &'a [u8]>) -> String {
    let hashes: String = values.into_iter().map(|value| hexadecimal(value, usize::MAX)).collect();
    format!("{name}-{}", hexadecimal(hashes.as_bytes(), CONTENT_HASH))
}

/// The first characters of a SHA-256.
fn hexadecimal(bytes: &[u8], length: usize) -> String {
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text.truncate(length);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of the original.
    #[test]
    fn names_of_the_original_are_kept() {
        for (upstream, label, name) in [
            ("docker.io", "docker.io", "registry-docker-io"),
            ("my-registry.io:5000", "my-registry.io-5000", "registry-my-registry-io-5000"),
            (
                "my-very-long-registry.very-long-subdomain.io",
                "my-very-long-registry.very-long-subdo-2fae3",
                "registry-my-very-long-registry-very-long-subdo-2fae3",
            ),
            (
                "my-very-long-registry.long-subdomain.io:8443",
                "my-very-long-registry.long-subdomain.-8cb9e",
                "registry-my-very-long-registry-long-subdomain--8cb9e",
            ),
        ] {
            assert_eq!(upstream_label(upstream), label);
            assert_eq!(resource(upstream), name);
            assert!(name.len() <= 52);
            assert_eq!(service(upstream, None), name);
        }
        assert_eq!(service("docker.io", Some("hub")), "registry-hub");
        assert_eq!(tls("docker.io"), "registry-docker-io-tls");
        assert_eq!(authority("docker.io"), "registry-docker-io-ca");
        assert_eq!(token_authority("docker.io"), "registry-docker-io-token-authority");
        assert_eq!(proven("docker.io"), "registry-docker-io-credentials");
        assert_eq!(configuration("docker.io"), "registry-docker-io-config");
    }

    #[test]
    fn the_longest_upstream_that_is_kept_has_43_characters() {
        let upstream = "a".repeat(43);
        assert_eq!(upstream_label(&upstream), upstream);
        assert_eq!(upstream_label(&"a".repeat(44)).len(), 43);
    }

    /// `sha256sum` of the texts of the hashes of the values gives the same.
    #[test]
    fn the_name_of_a_secret_follows_from_its_content() {
        assert_eq!(with_content("a", [b"x".as_slice()]), "a-a57b5956");
        assert_ne!(with_content("a", [b"x".as_slice(), b"y"]), with_content("a", [b"xy".as_slice()]));
    }
}
