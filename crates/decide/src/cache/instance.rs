//! A cache with its names.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use api::cache::{RegistryCache, RegistryCacheSpec};
use api::names::cache::{self as names, UPSTREAM_HOST, upstream_label};
use api::names::image_registry::{APP, managed_label};
use api::names::{GROUP, VERSION};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use policy::registry_caches;
use serde_json::Value;

use super::image::with_tag;
use super::paths::PORT;
use crate::owner::reference;

pub use policy::registry_caches::Access;

/// What is the same for all caches.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Config {
    /// The namespace of their objects.
    pub namespace: String,
    /// The image of the registry.
    pub registry_image: String,
    /// The image of the gateway.
    pub gateway_image: String,
    /// Whether all caches have no Pods.
    pub hibernated: bool,
}

/// A cache with its names.
#[derive(Clone, Debug)]
pub struct Instance<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its UID.
    pub uid: &'a str,
    /// The name of its objects.
    pub resource: String,
    /// The name of its Service.
    pub service: String,
    /// What is asked of it.
    pub spec: &'a RegistryCacheSpec,
    /// What is the same for all caches.
    pub config: &'a Config,
}

impl<'a> Instance<'a> {
    /// `None` for a cache that no API server has stored.
    #[must_use]
    pub fn of(config: &'a Config, cache: &'a RegistryCache) -> Option<Self> {
        let spec = &cache.spec;
        Some(Self {
            name: cache.metadata.name.as_deref()?,
            uid: cache.metadata.uid.as_deref()?,
            resource: names::resource(&spec.upstream),
            service: names::service(&spec.upstream, spec.service_name_suffix.as_deref()),
            spec,
            config,
        })
    }

    /// The namespace of its objects.
    #[must_use]
    pub fn namespace(&self) -> &'a str {
        &self.config.namespace
    }

    /// Where the cache gets the images from.
    #[must_use]
    pub fn remote_url(&self) -> String {
        registry_caches::remote_url(self.spec)
    }

    /// The Secret with the credentials of the upstream, of somebody else.
    #[must_use]
    pub fn secret(&self) -> Option<&'a str> {
        self.spec.secret_reference_name.as_deref()
    }

    /// The Secret with the authority of the upstream, of somebody else.
    #[must_use]
    pub fn remote_ca_secret(&self) -> Option<&'a str> {
        self.spec.remote_ca.as_ref()?.secret_name.as_deref()
    }

    /// Whether nodes reach it by HTTPS.
    #[must_use]
    pub fn has_tls(&self) -> bool {
        registry_caches::has_tls(self.spec)
    }

    /// Who may pull.
    #[must_use]
    pub fn access(&self) -> Access {
        Access::of(self.spec)
    }

    /// What is allowed while the upstream is away, as the gateway names it.
    pub(super) fn failover(&self) -> &'static str {
        match self.spec.failover.as_deref() {
            Some("SameRepository") => "same-repository",
            Some("SameImage") => "same-image",
            _ => "deny",
        }
    }

    /// `http` or `https`.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        if self.has_tls() { "https" } else { "http" }
    }

    /// Where nodes reach it, which do not ask the DNS of the cluster; `None` until its Service has an address.
    #[must_use]
    pub fn endpoint(&self, service: Option<&Value>) -> Option<String> {
        let address = SocketAddr::new(address(service?)?, PORT);
        Some(format!("{}://{address}", self.scheme()))
    }

    /// The issuer and the service of its tokens.
    pub(super) fn token_name(&self) -> String {
        format!("{}.{}.svc", self.service, self.namespace())
    }

    /// The names that its certificate is for: those of its stored Service, and its address.
    #[must_use]
    pub fn served(&self, service: Option<&Value>) -> Vec<String> {
        let name = format!("{}.{}", self.service, self.namespace());
        let names = [format!("{name}.svc.cluster.local"), format!("{name}.svc"), name];
        let address = service.and_then(address).map(|address| address.to_string());
        names.into_iter().chain(address).collect()
    }

    /// Whether there are two Pods.
    pub(super) fn is_highly_available(&self) -> bool {
        self.spec.high_availability.as_ref().and_then(|high| high.enabled).unwrap_or_default()
    }

    /// How many Pods it has.
    pub(super) fn replicas(&self) -> i32 {
        match (self.config.hibernated, self.is_highly_available()) {
            (true, _) => 0,
            (false, true) => 2,
            (false, false) => 1,
        }
    }

    /// The image of the registry: that of the installation, with the version that is asked for.
    pub(super) fn image(&self) -> String {
        let image = self.config.registry_image.as_str();
        let Some(version) = self.spec.registry_version.as_deref() else { return image.to_owned() };
        with_tag(image, version)
    }

    /// The labels by which its Pods are selected.
    #[must_use]
    pub fn selector(&self) -> BTreeMap<String, String> {
        BTreeMap::from([
            (APP.to_owned(), self.resource.clone()),
            (UPSTREAM_HOST.to_owned(), upstream_label(&self.spec.upstream)),
        ])
    }

    /// The metadata of an object that is deleted with the cache.
    pub(super) fn metadata(&self, name: String) -> ObjectMeta {
        let mut labels = self.selector();
        labels.insert(managed_label::KEY.to_owned(), managed_label::VALUE.to_owned());
        ObjectMeta {
            name: Some(name),
            namespace: Some(self.namespace().to_owned()),
            labels: Some(labels),
            owner_references: Some(vec![self.owner()]),
            ..ObjectMeta::default()
        }
    }

    fn owner(&self) -> OwnerReference {
        reference(format!("{GROUP}/{VERSION}"), "RegistryCache", self.name, self.uid)
    }
}

/// The address of a stored Service. Without one, it is `None` or empty.
fn address(service: &Value) -> Option<IpAddr> {
    service.pointer("/spec/clusterIP")?.as_str()?.parse().ok()
}
