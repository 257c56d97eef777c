//! The `ImageBuildEnv`: one Secret for builds, with the credentials of several registries and perhaps of a cache.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shared::SecretRef;
use crate::cel::registry as cel;
use crate::condition::Condition;

/// What a build is given.
#[derive(Clone, CustomResource, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[kube(
    group = "registry.mgoltzsche.github.com",
    version = "v1alpha1",
    kind = "ImageBuildEnv",
    plural = "imagebuildenvs",
    shortname = "imgenv",
    namespaced,
    status = "ImageBuildEnvStatus",
    derive = "PartialEq",
    validation = cel::build_env_name_length(),
    validation = cel::build_env_name_of_redis(),
    doc = "An ImageBuildEnv becomes the Secret imagebuildenv-NAME-conf, with the docker configurations of several Secrets and, if wanted, the address and the password of a Redis for caches of builds.",
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].status",
        description = "Whether the Secret is up to date"
    ),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].reason",
        description = "Why the Secret is up to date, or is not"
    ),
    printcolumn(
        name = "Redis",
        type_ = "boolean",
        json_path = ".spec.redis",
        description = "Whether builds have a Redis for their caches"
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp",
        description = "Time since the object was created"
    ),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].message",
        priority = 1,
        description = "Why the Secret is up to date, or is not, in a sentence"
    )
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = cel::build_env_has_content())]
pub struct ImageBuildEnvSpec {
    /// Whether a Redis for caches of builds runs beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redis: Option<bool>,
    /// The Secrets of the same namespace whose docker configurations are merged. If two have credentials for one registry,
    /// those of the later one are used.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["secretName"], "maxItems" = 64))]
    pub secrets: Option<Vec<SecretRef>>,
}

/// What the controller has observed of a build environment.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageBuildEnvStatus {
    /// The generation that was reconciled last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready`: the Secret is up to date, and the Redis runs if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Option<Vec<Condition>>,
    /// The Secrets that were merged.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("maxItems" = 64))]
    pub secret_refs: Option<Vec<SecretRef>>,
}
