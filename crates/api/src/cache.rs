//! The `RegistryCache`: a pull-through cache for one upstream registry. Its specification is an entry of `caches` in a
//! `RegistryConfig` of Gardener's registry-cache extension, with fields of our own.

#![allow(
    clippy::struct_field_names,
    reason = "the API names the fields, and a derived copy has no place for an expectation"
)]

pub mod must;
mod status;

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cel::cache as cel;
use crate::condition::Condition;
use crate::function::Resources;
use crate::limits;
use crate::quantity::RawQuantity;

pub use status::{CacheConditionType, CacheReason};

/// What is asked of a cache.
#[derive(Clone, CustomResource, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[kube(
    group = "serverless.kyma-project.io",
    version = "v1alpha1",
    kind = "RegistryCache",
    plural = "registrycaches",
    shortname = "regcache",
    status = "RegistryCacheStatus",
    derive = "PartialEq",
    doc = "A RegistryCache is a pull-through cache: nodes pull the images of one upstream registry from it.",
    printcolumn(
        name = "Upstream",
        type_ = "string",
        json_path = ".spec.upstream",
        description = "The host in the names of the images"
    ),
    printcolumn(
        name = "Endpoint",
        type_ = "string",
        json_path = ".status.endpoint",
        description = "Where nodes reach the cache"
    ),
    printcolumn(
        name = "Credentials",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='CredentialsValid')].status",
        description = "Whether the upstream accepts the credentials of the cache"
    ),
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].status",
        description = "Whether the cache serves pulls"
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp",
        description = "Time since the cache was created"
    )
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = cel::upstream(),
    validation = cel::upstream_stays(),
    validation = cel::remote_url(),
    validation = cel::size_stays(),
    validation = cel::storage_class_stays(),
    validation = cel::authorize_needs_tls()
)]
pub struct RegistryCacheSpec {
    /// The host in the names of the images, with or without a port, such as docker.io. It cannot change.
    // What is missing decodes as blank, so that validation reports it together with all other violations.
    #[serde(default)]
    #[schemars(!default, length(max = must::UPSTREAM_MAX))]
    pub upstream: String,
    /// Where the cache gets the images from. If absent, it is `https://` and the upstream, and
    /// `https://registry-1.docker.io` for docker.io.
    #[serde(rename = "remoteURL", skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::URL_MAX))]
    pub remote_url: Option<String>,
    /// The authority of the certificate of the upstream, if it is not a public one.
    #[serde(rename = "remoteCA", skip_serializing_if = "Option::is_none")]
    pub remote_ca: Option<RemoteCa>,
    /// The volume that holds the images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume: Option<CacheVolume>,
    /// When images are deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub garbage_collection: Option<GarbageCollection>,
    /// The Secret of the base namespace with the credentials of the upstream: username and password.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::NAME_MAX))]
    #[x_kube(validation = crate::cel::registry::object_name())]
    pub secret_reference_name: Option<String>,
    /// The proxies through which the cache reaches the upstream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<CacheProxy>,
    /// How nodes reach the cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<CacheHttp>,
    /// Whether the cache has a second Pod, with a volume of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high_availability: Option<HighAvailability>,
    /// What the name of the Service ends with: `registry-` and this. If absent, the name follows from the upstream.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = must::SUFFIX_MAX))]
    #[x_kube(validation = cel::suffix())]
    pub service_name_suffix: Option<String>,
    /// Compute resources of the container of the registry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
    /// Who may pull from the cache. Open: everything in the cluster. Authorize: Pods that may pull the image from the
    /// upstream with their own pull secret. If absent, it is `Authorize` with credentials and TLS, else `Open`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["Open", "Authorize"]))]
    pub access: Option<String>,
    /// Which pulls `Authorize` allows while the upstream is away. `Deny`: none. `SameRepository`: of repositories that the
    /// credentials could pull before. `SameImage`: of images that they have pulled before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["Deny", "SameRepository", "SameImage"], "default" = "Deny"))]
    pub failover: Option<String>,
    /// Whether a tag is served from the cache while the upstream cannot be asked for its image.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["Serve", "Deny"], "default" = "Serve"))]
    pub stale_tags: Option<String>,
    /// The version of distribution that runs, 3.1.1 or later. If absent, it is that of the installation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16))]
    #[x_kube(validation = cel::registry_version())]
    pub registry_version: Option<String>,
}

/// The authority of the certificate of an upstream.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = cel::has_ca(), validation = cel::one_ca())]
pub struct RemoteCa {
    /// Its certificates, in PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::TEXT_MAX))]
    pub pem: Option<String>,
    /// The Secret of the base namespace that holds them as ca.crt.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::NAME_MAX))]
    #[x_kube(validation = crate::cel::registry::object_name())]
    pub secret_name: Option<String>,
}

/// The volume of a cache. It cannot change.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = cel::size_is_positive())]
pub struct CacheVolume {
    /// Its size. Filled in with 10Gi.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<RawQuantity>,
    /// The storage class. If absent, it is the default one of the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::NAME_MAX))]
    #[x_kube(validation = crate::cel::registry::object_name())]
    pub storage_class_name: Option<String>,
}

/// When images are deleted from a cache.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[x_kube(validation = cel::ttl_stays_off())]
pub struct GarbageCollection {
    /// How long after it was cached an image is deleted. Filled in with 168h. 0s: never, and that cannot change.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    #[x_kube(validation = cel::ttl())]
    pub ttl: Option<String>,
}

/// The proxies through which a cache reaches its upstream.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = cel::http_proxy(), validation = cel::https_proxy())]
pub struct CacheProxy {
    /// The proxy for addresses with `http://`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::URL_MAX))]
    pub http_proxy: Option<String>,
    /// The proxy for addresses with `https://`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::URL_MAX))]
    pub https_proxy: Option<String>,
    /// Hosts, domains and networks that are reached without a proxy, with commas between them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::URL_MAX))]
    #[x_kube(validation = cel::no_proxy())]
    pub no_proxy: Option<String>,
}

/// How nodes reach a cache.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct CacheHttp {
    /// Whether it is by HTTPS, with a certificate of the authority of the installation. Filled in with true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<bool>,
}

/// Whether a cache has a second Pod.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct HighAvailability {
    /// Whether there are two Pods, and at most one of them is away while nodes are drained.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = false))]
    pub enabled: Option<bool>,
}

/// What the controller has observed of a cache.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RegistryCacheStatus {
    /// The generation that was reconciled last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready`: the cache serves pulls. `CredentialsValid`: the upstream accepts its credentials. `Serving`: it gets images
    /// from the upstream.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Option<Vec<Condition>>,
    /// Where nodes reach the cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Where the cache gets the images from.
    #[serde(rename = "remoteURL", skip_serializing_if = "Option::is_none")]
    pub remote_url: Option<String>,
    /// The Secret with the authority of the certificate of the cache, as bundle.crt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_secret_name: Option<String>,
    /// The credentials that the upstream has accepted last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proven_credentials: Option<ProvenCredentials>,
}

/// Credentials that an upstream has accepted.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProvenCredentials {
    /// The name of the Secret.
    #[serde(default)]
    #[schemars(!default)]
    pub secret_name: String,
    /// The version of the Secret.
    #[serde(default)]
    #[schemars(!default)]
    pub resource_version: String,
}
