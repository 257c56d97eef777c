//! The data of the Secret of a push or pull secret, and its labels.

use std::collections::BTreeMap;

use api::names::registry::{Access, secret_key};
use api::names::{copy_mark, owned_label, registry_secret};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use policy::registries::docker_config::DockerConfig;
use zeroize::Zeroizing;

use super::request::Request;
use crate::hash;

/// The certificate authority of a registry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Authority<'a> {
    /// Everybody knows it: the registry has none of its own.
    Public,
    /// Its certificate.
    Own(&'a [u8]),
    /// Its Secret is not there at the moment: what is stored stays.
    Unknown,
}

/// What a Secret is for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Target<'a> {
    /// What its account may do.
    pub access: Access,
    /// The registry.
    pub hostname: String,
    /// What the images of Functions start with, if it is for them.
    pub registry_address: Option<String>,
    /// The certificate authority of the registry.
    pub authority: Authority<'a>,
}

/// With what somebody logs in. The password is wiped, and not shown.
pub struct Credentials {
    /// The number of the account.
    pub number: u64,
    /// Its name.
    pub username: String,
    /// Its password.
    pub password: Zeroizing<String>,
}

impl Target<'_> {
    /// What a Secret without credentials would hold, as a hash: certificates are long.
    pub(super) fn digest(&self) -> String {
        let Self { access, hostname, registry_address, authority } = self;
        let authority = match authority {
            Authority::Own(certificate) => certificate,
            Authority::Public | Authority::Unknown => b"".as_slice(),
        };
        let address = registry_address.as_deref().unwrap_or_default();
        hash::of_parts(&[access.as_str().as_bytes(), hostname.as_bytes(), address.as_bytes(), authority])
    }

    /// The data, in base64 as a Secret has them.
    pub(super) fn data(&self, username: &str, password: &str) -> BTreeMap<&'static str, String> {
        let mut config = DockerConfig::empty();
        config.set(&self.hostname, username.as_bytes(), password.as_bytes());
        let config = config.to_base64();
        let encoded = |text: &[u8]| STANDARD.encode(text);
        let mut data = BTreeMap::from([
            (secret_key::REGISTRY, encoded(self.hostname.as_bytes())),
            (registry_secret::USERNAME, encoded(username.as_bytes())),
            (registry_secret::PASSWORD, encoded(password.as_bytes())),
        ]);
        if let Authority::Own(certificate) = self.authority {
            data.insert(secret_key::CA, encoded(certificate));
        }
        if let Some(address) = &self.registry_address {
            data.insert(registry_secret::SERVER_ADDRESS, encoded(self.hostname.as_bytes()));
            data.insert(registry_secret::REGISTRY_ADDRESS, encoded(address.as_bytes()));
        }
        if self.access == Access::Push {
            data.insert(secret_key::CONFIG, config.clone());
        }
        data.insert(registry_secret::DOCKER_CONFIG_KEY, config);
        data
    }
}

impl Request {
    /// No copy from the base namespace takes its place.
    pub(super) fn labels(&self) -> BTreeMap<&'static str, String> {
        let mut labels = BTreeMap::from([
            (self.access.label(), self.account.clone()),
            (owned_label::MANAGED_BY, copy_mark::KEPT_BY_USER.to_owned()),
        ]);
        if self.for_functions {
            labels.insert(registry_secret::LABEL, registry_secret::LABEL_VALUE.to_owned());
        }
        labels
    }
}
