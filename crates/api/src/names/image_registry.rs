//! The names around the objects that an `ImageRegistry` becomes: their labels, the keys of its Secrets and its `ConfigMap`,
//! and names that are derived from its own. Those of image-registry-operator are kept.

use super::registry::REGISTRY_PREFIX;

/// Label of all objects that the controller makes for registries.
pub mod managed_label {
    /// Its key.
    pub const KEY: &str = "app.kubernetes.io/managed-by";
    /// Its value.
    pub const VALUE: &str = "serverless-controller";
    /// Its value on Secrets that image-registry-operator has made.
    pub const OF_ORIGINAL: &str = "image-registry-operator";
}

/// Label of all objects of a registry. Its value is the name of its account, `of_registry`.
pub const APP: &str = "app";

/// The path at which gateways answer requests for tokens.
pub const TOKEN_PATH: &str = "/auth/token";

/// Keys of the Secrets with certificates of registries, besides the certificate and its key.
pub mod certificate_key {
    /// The certificate.
    pub const CERTIFICATE: &str = "tls.crt";
    /// Its key.
    pub const KEY: &str = "tls.key";
    /// The authorities to trust.
    pub const TRUSTED: &str = "ca.crt";
    /// The certificate of the authority that signs next.
    pub const NEXT_CERTIFICATE: &str = "next.crt";
    /// Its key.
    pub const NEXT_KEY: &str = "next.key";
    /// Since when the authority signs.
    pub const SINCE: &str = "since";
    /// Since when everybody can know the authority that signs next.
    pub const PUBLISHED: &str = "published";
}

/// Keys of the `ConfigMap` and the Secret of a registry.
pub mod config_key {
    /// The token authorities that the registry trusts.
    pub const AUTHORITIES: &str = "token-authorities.crt";
    /// The configuration of the registry.
    pub const REGISTRY: &str = "config.yml";
    /// The rules, also in the `ConfigMap` that their author writes.
    pub const RULES: &str = "auth_config.yml";
    /// The rules as image-registry-operator names them.
    pub const RULES_TEMPLATE: &str = "auth_config.yml.tpl";
    /// What the replicas of a registry sign the state of uploads with.
    pub const UPLOADS: &str = "uploads";
    /// What the replicas of the gateway sign refresh tokens with.
    pub const REFRESH: &str = "refresh";
}

/// The Secret with the keys that the replicas of a registry share.
#[must_use]
pub fn shared_keys(name: &str) -> String {
    format!("{REGISTRY_PREFIX}{name}-keys")
}

/// The Secret with the certificate of a registry that the authority of the installation signs.
#[must_use]
pub fn self_signed_tls(name: &str) -> String {
    format!("{REGISTRY_PREFIX}{name}-selfsigned-tls")
}

/// The Secret with the token authority of a registry that the controller makes.
#[must_use]
pub fn self_signed_authority(name: &str) -> String {
    format!("{REGISTRY_PREFIX}{name}-selfsigned-auth-ca")
}

/// The Certificate of cert-manager for a registry.
#[must_use]
pub fn tls_certificate(name: &str) -> String {
    format!("{REGISTRY_PREFIX}{name}-tls")
}

/// The Certificate of cert-manager for the token authority of a registry.
#[must_use]
pub fn authority_certificate(name: &str) -> String {
    format!("{REGISTRY_PREFIX}{name}-auth-ca")
}

/// The Secret into which cert-manager writes the certificate of a registry.
#[must_use]
pub fn cert_manager_tls(name: &str) -> String {
    format!("{REGISTRY_PREFIX}{name}-cm-tls")
}

/// The Secret into which cert-manager writes the token authority of a registry.
#[must_use]
pub fn cert_manager_authority(name: &str) -> String {
    format!("{REGISTRY_PREFIX}{name}-cm-auth-ca")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_original_are_kept() {
        assert_eq!(self_signed_tls("registry"), "imageregistry-registry-selfsigned-tls");
        assert_eq!(self_signed_authority("registry"), "imageregistry-registry-selfsigned-auth-ca");
        assert_eq!(tls_certificate("registry"), "imageregistry-registry-tls");
        assert_eq!(authority_certificate("registry"), "imageregistry-registry-auth-ca");
        assert_eq!(cert_manager_authority("registry"), "imageregistry-registry-cm-auth-ca");
    }
}
