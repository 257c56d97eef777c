//! The documents of Gardener's registry-cache extension, as their authors write them. Fields that are missing stay missing.

use serde::{Deserialize, Serialize};

use crate::cache::{CacheVolume, GarbageCollection, HighAvailability};

/// Caches of upstream registries: `RegistryConfig`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RegistryConfig {
    /// The version.
    #[serde(default)]
    pub api_version: String,
    /// The kind.
    #[serde(default)]
    pub kind: String,
    /// The caches. Null is no list.
    #[serde(default)]
    pub caches: Option<Vec<Cache>>,
}

/// A cache of one upstream registry.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cache {
    /// The host in the names of the images, with or without a port.
    #[serde(default)]
    pub upstream: String,
    /// Where the cache gets the images from.
    #[serde(rename = "remoteURL")]
    pub remote_url: Option<String>,
    /// The volume that holds the images.
    pub volume: Option<CacheVolume>,
    /// When images are deleted. Without a time they never are.
    pub garbage_collection: Option<GarbageCollection>,
    /// An entry of `spec.resources` of the Shoot that refers to the Secret with the credentials.
    pub secret_reference_name: Option<String>,
    /// The proxies through which the cache reaches the upstream.
    pub proxy: Option<Proxy>,
    /// How nodes reach the cache. Without `tls` it is HTTP.
    pub http: Option<Http>,
    /// Whether the cache has a second Pod.
    pub high_availability: Option<HighAvailability>,
    /// What the name of the Service ends with.
    pub service_name_suffix: Option<String>,
}

/// The proxies through which a cache reaches its upstream.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Proxy {
    /// The proxy for addresses with `http://`.
    pub http_proxy: Option<String>,
    /// The proxy for addresses with `https://`.
    pub https_proxy: Option<String>,
}

/// How nodes reach a cache.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Http {
    /// Whether it is by HTTPS.
    pub tls: Option<bool>,
}

/// Mirrors of upstream registries: `MirrorConfig`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MirrorConfig {
    /// The version.
    #[serde(default)]
    pub api_version: String,
    /// The kind.
    #[serde(default)]
    pub kind: String,
    /// The mirrors, by upstream. Null is no list.
    #[serde(default)]
    pub mirrors: Option<Vec<Mirror>>,
}

/// The mirrors of one upstream registry.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Mirror {
    /// The host in the names of the images, with or without a port.
    #[serde(default)]
    pub upstream: String,
    /// The mirrors, in the order in which nodes ask them. Null is no list.
    #[serde(default)]
    pub hosts: Option<Vec<MirrorHost>>,
}

/// A mirror.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MirrorHost {
    /// Its address.
    #[serde(default)]
    pub host: String,
    /// What it is used for; `pull` if there is nothing.
    pub capabilities: Option<Vec<String>>,
    /// An entry of `spec.resources` of the Shoot that refers to the Secret with the authority.
    pub ca_bundle_secret_reference_name: Option<String>,
    /// Whether the path of the address replaces `/v2`.
    pub override_path: Option<bool>,
}

/// A Shoot, of which the extensions and what they refer to alone are of interest.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
pub struct ShootSpec {
    /// The extensions. Null is no list.
    #[serde(default)]
    pub extensions: Option<Vec<Extension>>,
    /// The workers.
    #[serde(default)]
    pub provider: Option<Provider>,
    /// What extensions can refer to. Null is no list.
    #[serde(default)]
    pub resources: Option<Vec<NamedReference>>,
}

/// An extension of a Shoot.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Extension {
    /// The name of the extension.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// Its document.
    pub provider_config: Option<serde_json::Value>,
}

/// What provides the machines of a Shoot.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
pub struct Provider {
    /// The pools of machines. Null is no list.
    #[serde(default)]
    pub workers: Option<Vec<Worker>>,
}

/// A pool of machines.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
pub struct Worker {
    /// The container runtime; containerd if it is missing.
    pub cri: Option<Cri>,
}

/// A container runtime.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
pub struct Cri {
    /// Its name.
    #[serde(default)]
    pub name: String,
}

/// An object that extensions of a Shoot can refer to by a name.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct NamedReference {
    /// The name by which they do.
    #[serde(default)]
    pub name: String,
    /// The object, in the namespace of the Shoot.
    #[serde(default)]
    pub resource_ref: Option<Reference>,
}

/// An object in the namespace of its Shoot.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
pub struct Reference {
    /// Its kind.
    #[serde(default)]
    pub kind: String,
    /// Its name.
    #[serde(default)]
    pub name: String,
}
