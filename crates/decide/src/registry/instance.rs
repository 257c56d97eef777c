//! What the objects of an `ImageRegistry` follow from, and the names that it has.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use api::names::image_registry::{
    APP, cert_manager_authority, cert_manager_tls, managed_label, self_signed_authority, self_signed_tls,
};
use api::names::registry::{GROUP, VERSION, hostname, of_registry};
use api::registry::{CertificateSource, ImageRegistry, ImageRegistrySpec, IssuerRef, RegistryAuth};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use serde_json::Value;

use super::rules::Rules;
use crate::owner::reference;

/// How long a token for pulls is valid if the registry does not say so.
const PULL_TTL: &str = "60s";
/// How long other tokens are valid if the registry does not say so.
const PUSH_TTL: &str = "900s";

/// What is the same for all registries.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Config {
    /// What hostnames end with.
    pub zone: String,
    /// The image of the registry.
    pub registry_image: String,
    /// The image of the gateway.
    pub gateway_image: String,
}

/// Where a certificate comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Source<'a> {
    /// We sign it.
    Own,
    /// cert-manager signs it.
    Issuer(&'a IssuerRef),
    /// It is in a Secret of somebody else.
    Given(&'a str),
}

/// A registry with its names.
#[derive(Clone, Debug)]
pub struct Instance<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its namespace.
    pub namespace: &'a str,
    /// Its UID.
    pub uid: &'a str,
    /// What is asked of it.
    pub spec: &'a ImageRegistrySpec,
    /// What is the same for all registries.
    pub config: &'a Config,
}

impl<'a> Instance<'a> {
    /// `None` for a registry that no API server has stored.
    #[must_use]
    pub fn of(config: &'a Config, registry: &'a ImageRegistry) -> Option<Self> {
        let metadata = &registry.metadata;
        Some(Self {
            name: metadata.name.as_deref()?,
            namespace: metadata.namespace.as_deref()?,
            uid: metadata.uid.as_deref()?,
            spec: &registry.spec,
            config,
        })
    }

    /// The name by which images are pushed and pulled. It is the issuer and the service of its tokens, too.
    #[must_use]
    pub fn hostname(&self) -> String {
        hostname(self.name, self.namespace, &self.config.zone)
    }

    /// The names that its certificate is for.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let (name, namespace) = (self.name, self.namespace);
        let mut names = vec![self.hostname()];
        for suffix in [".svc.cluster.local", ".svc"] {
            names.push(format!("{name}.{namespace}{suffix}"));
        }
        // The hostname is one of the others if the zone is that of the cluster.
        if names.iter().skip(1).any(|other| Some(other) == names.first()) {
            names.remove(0);
        }
        names
    }

    /// The names that a certificate of ours is for: with the address of its stored Service, by which nodes pull.
    #[must_use]
    pub fn served(&self, service: Option<&Value>) -> Vec<String> {
        let address = service.and_then(|service| service.pointer("/spec/clusterIP")?.as_str());
        // Without an address, it is `None` or empty.
        let address = address.and_then(|address| address.parse::<IpAddr>().ok());
        self.names().into_iter().chain(address.map(|address| address.to_string())).collect()
    }

    /// Where its certificate comes from.
    #[must_use]
    pub fn tls(&self) -> Source<'a> {
        Source::of(self.spec.tls.as_ref())
    }

    /// Where its token authority comes from.
    #[must_use]
    pub fn token_authority(&self) -> Source<'a> {
        Source::of(self.auth().and_then(|auth| auth.ca.as_ref()))
    }

    /// The Secret with its certificate.
    #[must_use]
    pub fn tls_secret(&self) -> String {
        self.tls().secret(|| self_signed_tls(self.name), || cert_manager_tls(self.name))
    }

    /// The Secret with its token authority.
    #[must_use]
    pub fn authority_secret(&self) -> String {
        let source = self.token_authority();
        source.secret(|| self_signed_authority(self.name), || cert_manager_authority(self.name))
    }

    /// The `ConfigMap` with its rules that somebody else writes.
    #[must_use]
    pub fn rules_map(&self) -> Option<&'a str> {
        self.auth()?.config_map_name.as_deref()
    }

    /// The rules that apply without such a `ConfigMap`, as the gateway names them.
    #[must_use]
    pub(super) fn policy(&self) -> Rules<'static> {
        match self.auth().and_then(|auth| auth.policy.as_deref()) {
            Some("PerNamespace") => Rules::Policy("per-namespace"),
            _ => Rules::Policy("shared"),
        }
    }

    /// How many Pods it has.
    #[must_use]
    pub fn replicas(&self) -> i32 {
        self.spec.replicas.unwrap_or(1)
    }

    /// How long tokens are valid: for pulls, and others.
    #[must_use]
    pub fn token_ttl(&self) -> [Duration; 2] {
        let ttl = self.spec.token_ttl.as_ref();
        let of = |text: Option<&String>, default: &str| {
            let nanoseconds = policy::duration::parse(text.map_or(default, String::as_str));
            Duration::from_nanos(nanoseconds.and_then(|ttl| u64::try_from(ttl).ok()).unwrap_or_default())
        };
        [
            of(ttl.and_then(|ttl| ttl.pull.as_ref()), PULL_TTL),
            of(ttl.and_then(|ttl| ttl.push.as_ref()), PUSH_TTL),
        ]
    }

    /// The longest life of a token.
    #[must_use]
    pub fn longest_ttl(&self) -> Duration {
        self.token_ttl().into_iter().max().unwrap_or_default()
    }

    /// The metadata of an object that is deleted with the registry.
    pub(super) fn metadata(&self, name: String) -> ObjectMeta {
        ObjectMeta { owner_references: Some(vec![self.owner()]), ..self.unowned(name) }
    }

    /// The metadata of an object that outlives the registry.
    pub(super) fn unowned(&self, name: String) -> ObjectMeta {
        let mut labels = self.selector();
        labels.insert(managed_label::KEY.to_owned(), managed_label::VALUE.to_owned());
        ObjectMeta {
            name: Some(name),
            namespace: Some(self.namespace.to_owned()),
            labels: Some(labels),
            ..ObjectMeta::default()
        }
    }

    /// The label by which its Pods are selected.
    pub(super) fn selector(&self) -> BTreeMap<String, String> {
        BTreeMap::from([(APP.to_owned(), of_registry(self.name))])
    }

    /// The reference of what the registry owns.
    #[must_use]
    pub fn owner(&self) -> OwnerReference {
        reference(format!("{GROUP}/{VERSION}"), "ImageRegistry", self.name, self.uid)
    }

    fn auth(&self) -> Option<&'a RegistryAuth> {
        self.spec.auth.as_ref()
    }
}

impl<'a> Source<'a> {
    fn of(source: Option<&'a CertificateSource>) -> Self {
        let issuer = source.and_then(|source| source.issuer_ref.as_ref());
        let given = source.and_then(|source| source.secret_name.as_deref());
        issuer.map(Self::Issuer).or(given.map(Self::Given)).unwrap_or(Self::Own)
    }

    fn secret(self, own: impl FnOnce() -> String, issued: impl FnOnce() -> String) -> String {
        match self {
            Self::Own => own(),
            Self::Issuer(_) => issued(),
            Self::Given(name) => name.to_owned(),
        }
    }
}
