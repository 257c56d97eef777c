//! The section of registries in the cluster: as it is written, and checked.

use std::time::Duration;

use api::names::registry::{DEFAULT_REGISTRY, DEFAULT_ZONE};
use api::registry::must;
use policy::syntax::{dns_1035_label, dns_1123_subdomain, is_dns_1123_label};
use serde::Deserialize;

use super::errors::Errors;

/// Registries in the cluster.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RawImageRegistries {
    /// What the hostnames of registries end with: NAME.NAMESPACE.ZONE.
    pub zone: Option<String>,
    /// How long a password of a push or pull secret is valid that does not say so itself, such as `24h`.
    pub rotation_interval: Option<String>,
    /// The registry of push and pull secrets that name none.
    pub default_registry: RawDefaultRegistry,
    /// The image of the registry.
    pub registry_image: Option<String>,
    /// The image of `serverless-registry`, which stands in front of it.
    pub gateway_image: Option<String>,
    /// The image of the Redis of build environments.
    pub redis_image: Option<String>,
}

/// The registry of push and pull secrets that name none.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RawDefaultRegistry {
    /// Its name.
    pub name: Option<String>,
    /// Its namespace; if absent or empty, the namespace of the controller.
    pub namespace: Option<String>,
}

/// Registries in the cluster.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ImageRegistries {
    /// What the hostnames of registries end with: NAME.NAMESPACE.ZONE.
    pub zone: String,
    /// How long a password of a push or pull secret is valid that does not say so itself.
    pub rotation_interval: Duration,
    /// The name of the registry of push and pull secrets that name none.
    pub default_name: String,
    /// Its namespace; if absent, the namespace of the controller.
    pub default_namespace: Option<String>,
    /// The image of the registry.
    pub registry_image: String,
    /// The image of `serverless-registry`.
    pub gateway_image: String,
    /// The image of the Redis of build environments.
    pub redis_image: String,
}

impl Default for ImageRegistries {
    fn default() -> Self {
        Self {
            zone: DEFAULT_ZONE.to_owned(),
            rotation_interval: Duration::from_hours(24),
            default_name: DEFAULT_REGISTRY.to_owned(),
            default_namespace: None,
            registry_image: "docker.io/library/registry:3.1.2".to_owned(),
            gateway_image: concat!("serverless-registry:", env!("CARGO_PKG_VERSION")).to_owned(),
            redis_image: "docker.io/library/redis:8-alpine".to_owned(),
        }
    }
}

impl RawImageRegistries {
    pub(super) fn check(self, checked: &mut ImageRegistries, errors: &mut Errors) {
        errors.checked("imageRegistries.zone", self.zone, dns_1123_subdomain, &mut checked.zone);
        let [shortest, longest] = must::ROTATION_INTERVAL_SECONDS.map(Duration::from_secs);
        let (field, interval) = ("imageRegistries.rotationInterval", &mut checked.rotation_interval);
        errors.duration(field, self.rotation_interval, shortest..=longest, interval);
        let RawDefaultRegistry { name, namespace } = self.default_registry;
        let field = "imageRegistries.defaultRegistry.name";
        let is_name = |name: &str| match dns_1035_label(name) {
            Ok(()) if name.len() <= must::REGISTRY_NAME_MAX => Ok(()),
            _ => Err(must::REGISTRY_REF),
        };
        errors.checked(field, name, is_name, &mut checked.default_name);
        if let Some(namespace) = namespace.filter(|namespace| !namespace.is_empty()) {
            let field = "imageRegistries.defaultRegistry.namespace";
            let is_name = |name: &str| is_dns_1123_label(name).then_some(()).ok_or(must::NAMESPACE);
            let checked = checked.default_namespace.get_or_insert_default();
            errors.checked(field, Some(namespace), is_name, checked);
        }
        errors.text("imageRegistries.registryImage", self.registry_image, &mut checked.registry_image);
        errors.text("imageRegistries.gatewayImage", self.gateway_image, &mut checked.gateway_image);
        errors.text("imageRegistries.redisImage", self.redis_image, &mut checked.redis_image);
    }
}
