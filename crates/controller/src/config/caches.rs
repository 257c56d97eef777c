//! The section of pull-through caches: as it is written, and checked.

use decide::cache::image::is_too_old;
use serde::Deserialize;

use super::errors::Errors;
use super::image_registries::ImageRegistries;

/// What the image of the registry must be.
const NEW_ENOUGH: &str = "must be distribution 3.1.1 or later, such as docker.io/library/registry:3.1.2, since older ones send the credentials to other hosts (CVE-2026-33540)";

/// Pull-through caches.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RawCaches {
    /// Whether all caches have no Pods. Nodes pull from the upstreams then.
    pub hibernated: Option<bool>,
    /// The image of the registry; if absent, that of registries in the cluster.
    pub registry_image: Option<String>,
    /// The image of `serverless-registry`, the gateway of the registry. If absent, it is that of registries in the cluster.
    pub gateway_image: Option<String>,
}

/// Pull-through caches.
#[derive(Clone, Debug, PartialEq)]
pub struct Caches {
    /// Whether all caches have no Pods.
    pub hibernated: bool,
    /// The image of the registry.
    pub registry_image: String,
    /// The image of `serverless-registry`.
    pub gateway_image: String,
}

impl Caches {
    /// Caches with the images of registries in the cluster.
    #[must_use]
    pub fn with_images_of(registries: &ImageRegistries) -> Self {
        Self {
            hibernated: false,
            registry_image: registries.registry_image.clone(),
            gateway_image: registries.gateway_image.clone(),
        }
    }

    /// What all caches have in common, whose objects are in a namespace.
    #[must_use]
    pub fn of_instances(&self, namespace: &str) -> decide::cache::instance::Config {
        decide::cache::instance::Config {
            namespace: namespace.to_owned(),
            registry_image: self.registry_image.clone(),
            gateway_image: self.gateway_image.clone(),
            hibernated: self.hibernated,
        }
    }
}

impl RawCaches {
    pub(super) fn check(self, registries: &ImageRegistries, errors: &mut Errors) -> Caches {
        let mut checked = Caches::with_images_of(registries);
        checked.hibernated = self.hibernated.unwrap_or_default();
        let is_own = self.registry_image.is_some();
        errors.text("caches.registryImage", self.registry_image, &mut checked.registry_image);
        let image = &checked.registry_image;
        if is_too_old(image) {
            let (field, problem) = if is_own {
                ("caches.registryImage", format!("{image:?} {NEW_ENOUGH}"))
            } else {
                let problem = format!(
                    "{image:?} is the image of caches, too, and theirs {NEW_ENOUGH}: set caches.registryImage"
                );
                ("imageRegistries.registryImage", problem)
            };
            errors.add(field, problem);
        }
        errors.text("caches.gatewayImage", self.gateway_image, &mut checked.gateway_image);
        checked
    }
}
