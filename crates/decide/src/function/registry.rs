//! The registry of a Function, from the registry Secrets of its namespace.

use api::names::registry::secret_key;
use api::names::registry_secret;
use k8s_openapi::api::core::v1::Secret;
use policy::registries::RegistryAddress;

/// The longest address that is read, in bytes.
const MAX_ADDRESS: usize = 2048;

/// The registry that images are pushed to and pulled from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Registry {
    /// The Secret with the credentials.
    pub secret: String,
    /// Its version.
    pub version: String,
    /// The address that images are pushed to.
    pub push: String,
    /// The address that images are pulled from.
    pub pull: String,
    /// Whether the Secret holds the authority of its certificate.
    pub has_authority: bool,
}

/// Why there is no registry.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RegistryProblem {
    /// There is no Secret.
    Missing,
    /// The Secret lacks an address.
    NoAddress {
        /// The Secret.
        secret: String,
        /// The key of the address.
        key: &'static str,
    },
    /// An address in the Secret is invalid.
    BadAddress {
        /// The Secret.
        secret: String,
        /// The key of the address.
        key: &'static str,
        /// The rule that it breaks.
        rule: &'static str,
    },
}

/// The addresses of a registry Secret. No credential is in it.
#[derive(Debug)]
pub struct RegistrySecret {
    /// The resource version of its data.
    pub version: String,
    registry_address: Option<String>,
    server_address: Option<String>,
    is_internal: bool,
    has_authority: bool,
}

impl RegistrySecret {
    /// Reads a Secret.
    #[must_use]
    pub fn of(secret: &Secret) -> Self {
        let text = |key: &str| {
            let bytes = &secret.data.as_ref()?.get(key)?.0;
            let text = str::from_utf8(bytes.get(..MAX_ADDRESS).unwrap_or(bytes)).ok()?;
            Some(text.to_owned()).filter(|text| !text.trim().is_empty())
        };
        Self {
            version: secret.metadata.resource_version.clone().unwrap_or_default(),
            registry_address: text(registry_secret::REGISTRY_ADDRESS),
            server_address: text(registry_secret::SERVER_ADDRESS),
            is_internal: text(registry_secret::IS_INTERNAL).as_deref() == Some("true"),
            has_authority: text(secret_key::CA).is_some(),
        }
    }
}

/// The registry of a namespace: its own, or that of the installation.
///
/// # Errors
/// If there is no Secret, or one without an address.
pub fn registry(
    own: Option<&RegistrySecret>,
    default: Option<&RegistrySecret>,
) -> Result<Registry, RegistryProblem> {
    let named = own.map(|own| (registry_secret::NAME, own));
    let (name, secret) = named
        .or_else(|| default.map(|default| (registry_secret::DEFAULT_NAME, default)))
        .ok_or(RegistryProblem::Missing)?;
    let address = |address: &Option<String>, key| {
        let secret = || name.to_owned();
        let text = address.clone().ok_or_else(|| RegistryProblem::NoAddress { secret: secret(), key })?;
        let judged = RegistryAddress::parse(&text);
        judged.map(|_| text).map_err(|error| RegistryProblem::BadAddress {
            secret: secret(),
            key,
            rule: error.as_str(),
        })
    };
    let push = address(&secret.registry_address, registry_secret::REGISTRY_ADDRESS)?;
    let pull = if own.is_none() && secret.is_internal {
        address(&secret.server_address, registry_secret::SERVER_ADDRESS)?
    } else {
        push.clone()
    };
    let (secret_name, version) = (name.to_owned(), secret.version.clone());
    Ok(Registry { secret: secret_name, version, push, pull, has_authority: secret.has_authority })
}
