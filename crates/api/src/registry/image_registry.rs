//! The `ImageRegistry`: a registry in the cluster, with its storage, certificates and authorization.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shared::CertificateSource;
use crate::cel::registry as cel;
use crate::condition::Condition;
use crate::function::Resources;
use crate::limits;
use crate::quantity::RawQuantity;

/// What is asked of a registry.
#[derive(Clone, CustomResource, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[kube(
    group = "registry.mgoltzsche.github.com",
    version = "v1alpha1",
    kind = "ImageRegistry",
    plural = "imageregistries",
    shortname = "imgreg",
    namespaced,
    status = "ImageRegistryStatus",
    derive = "PartialEq",
    validation = cel::registry_name(),
    validation = cel::registry_name_length(),
    doc = "An ImageRegistry is a registry of container images in the cluster, with a token server in front of it. Its hostname is NAME.NAMESPACE.ZONE.",
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].status",
        description = "Whether the registry serves requests"
    ),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].reason",
        description = "Why the registry is ready, or is not"
    ),
    printcolumn(
        name = "Hostname",
        type_ = "string",
        json_path = ".status.hostname",
        description = "The name by which images are pushed and pulled"
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp",
        description = "Time since the registry was created"
    ),
    printcolumn(
        name = "Replicas",
        type_ = "integer",
        json_path = ".spec.replicas",
        priority = 1,
        description = "The number of its Pods"
    ),
    printcolumn(
        name = "TLS Secret",
        type_ = "string",
        json_path = ".status.tlsSecretName",
        priority = 1,
        description = "The Secret with the certificate of the registry"
    ),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].message",
        priority = 1,
        description = "Why the registry is ready, or is not, in a sentence"
    )
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = cel::has_storage(),
    validation = cel::one_storage(),
    validation = cel::many_replicas_share_a_volume()
)]
pub struct ImageRegistrySpec {
    /// The number of Pods. More than one share a volume of access mode `ReadWriteMany`, or storage.s3.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0), extend("default" = 1))]
    pub replicas: Option<i32>,
    /// The volume that holds the images. Needed without storage.s3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub persistent_volume_claim: Option<VolumeClaim>,
    /// Where images are stored, if not on a volume.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage: Option<RegistryStorage>,
    /// The certificate of the registry. If empty, the authority of the installation signs one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<CertificateSource>,
    /// Who may push and pull what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth: Option<RegistryAuth>,
    /// The Service of the registry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<RegistryService>,
    /// Compute resources of the container of the registry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
    /// How long the tokens are valid that the registry gives to clients.
    #[serde(rename = "tokenTTL", skip_serializing_if = "Option::is_none")]
    pub token_ttl: Option<TokenTtl>,
}

/// The volume of a registry.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = cel::volume_has_a_size(),
    validation = cel::volume_size_is_positive(),
    validation = cel::storage_class_stays(),
    validation = cel::access_modes_stay(),
    validation = cel::volume_does_not_shrink()
)]
pub struct VolumeClaim {
    /// The storage class. It cannot change. If absent, it is the default one of the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::NAME_MAX))]
    pub storage_class_name: Option<String>,
    /// How nodes mount the volume. They cannot change. Filled in with `ReadWriteOnce` for a single replica; more replicas
    /// need `ReadWriteMany`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("maxItems" = 8), transform = access_modes)]
    pub access_modes: Option<Vec<String>>,
    /// The size of the volume, as requests.storage. It can grow if the storage class allows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<VolumeResources>,
    /// Whether the volume and all its images are deleted with the registry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete_claim: Option<bool>,
}

/// The size of a volume. It has no rules of its own, which would cost more than the API server grants a CRD.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct VolumeResources {
    /// The most that the volume may be, as storage.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("maxProperties" = 8))]
    pub limits: Option<BTreeMap<String, RawQuantity>>,
    /// The size of the volume, as storage.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("maxProperties" = 8))]
    pub requests: Option<BTreeMap<String, RawQuantity>>,
}

/// The access modes with which a registry can write.
fn access_modes(schema: &mut schemars::Schema) {
    if let Some(item) = schema.pointer_mut("/items") {
        item["enum"] = serde_json::json!(["ReadWriteOnce", "ReadWriteOncePod", "ReadWriteMany"]);
    }
}

/// Where a registry stores images, if not on a volume.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct RegistryStorage {
    /// A bucket of an object store that speaks the protocol of S3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub s3: Option<S3>,
}

/// A bucket.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = cel::bucket(), validation = cel::s3_endpoint())]
pub struct S3 {
    /// The name of the bucket, which must exist.
    #[serde(default)]
    #[schemars(!default, length(max = limits::NAME_MAX))]
    pub bucket: String,
    /// The region of the bucket, such as eu-central-1. Stores without regions take any word.
    #[serde(default)]
    #[schemars(!default, length(min = 1, max = limits::NAME_MAX))]
    pub region: String,
    /// The address of the store, such as `https://s3.example.com`. If absent, it is that of AWS for the region.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::URL_MAX))]
    pub endpoint: Option<String>,
    /// Whether the bucket is a part of the path and not of the host name, as most stores outside of AWS want it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub force_path_style: Option<bool>,
    /// The Secret of the same namespace with the credentials: accessKey and secretKey.
    #[serde(default)]
    #[schemars(!default, length(max = limits::NAME_MAX))]
    #[x_kube(validation = cel::object_name())]
    pub secret_name: String,
}

/// Who may push and pull what.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = cel::one_acl())]
pub struct RegistryAuth {
    /// The `ConfigMap` of the same namespace with an access control list of `docker_auth`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::NAME_MAX))]
    #[x_kube(validation = cel::object_name())]
    pub config_map_name: Option<String>,
    /// The authority that signs the keys of tokens. If empty, the installation makes one for the registry alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca: Option<CertificateSource>,
    /// The rules if there is no `ConfigMap`. `Shared`, which applies if nothing is set: push accounts push and pull
    /// everything, and pull accounts pull everything. `PerNamespace`: push accounts push only to repositories that start with
    /// the name of their namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["Shared", "PerNamespace"]))]
    pub policy: Option<String>,
    /// Which other namespaces may have push and pull secrets of this registry. If absent, all may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_namespaces: Option<AllowedNamespaces>,
}

/// Which namespaces may have credentials of a registry. Its own namespace always may.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct AllowedNamespaces {
    /// Selects the namespaces that may have push secrets by their labels. If absent, none may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub push: Option<LabelSelector>,
    /// Selects the namespaces that may have pull secrets by their labels. If absent, none may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pull: Option<LabelSelector>,
}

/// The Service of a registry.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct RegistryService {
    /// How the registry is reached from outside of the cluster.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["LoadBalancer", "ClusterIP", "NodePort"], "default" = "LoadBalancer"))]
    pub service_type: Option<String>,
}

/// How long tokens are valid, as durations between 60s and 1h.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
pub struct TokenTtl {
    /// Of tokens that allow to pull.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "60s"), length(max = 32))]
    #[x_kube(validation = cel::token_ttl())]
    pub pull: Option<String>,
    /// Of tokens that allow to push.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "900s"), length(max = 32))]
    #[x_kube(validation = cel::token_ttl())]
    pub push: Option<String>,
}

/// What the controller has observed of a registry.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageRegistryStatus {
    /// The generation that was reconciled last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Synced`: all objects of the registry are written. `Ready`: it serves requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Option<Vec<Condition>>,
    /// The name by which images are pushed and pulled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    /// The Secret with the certificate of the registry, and its authority as ca.crt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_secret_name: Option<String>,
}
