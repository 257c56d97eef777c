//! The `ImagePushSecret` and the `ImagePullSecret`: each becomes an account of a registry and a Secret with its credentials,
//! which are rotated.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cel::registry as cel;
use crate::condition::Condition;
use crate::limits;
use crate::names::registry::Access;

/// Declares one of the two kinds: they have the same columns and fields, but for those in braces.
macro_rules! image_secret {
    ($kind:tt, $access:expr, $plural:tt, $short:tt, $doc:tt, $(#[$attribute:meta])* $spec:ident { $($more:tt)* }) => {
        /// Which registry the credentials are for, and when they are rotated.
        #[derive(Clone, CustomResource, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
        #[kube(
            group = "registry.mgoltzsche.github.com",
            version = "v1alpha1",
            kind = $kind,
            plural = $plural,
            shortname = $short,
            namespaced,
            status = "ImageSecretStatus",
            derive = "PartialEq",
            validation = cel::image_secret_name_length($access),
            doc = $doc,
            printcolumn(
                name = "Ready",
                type_ = "string",
                json_path = ".status.conditions[?(@.type=='Ready')].status",
                description = "Whether the Secret holds valid credentials"
            ),
            printcolumn(
                name = "Reason",
                type_ = "string",
                json_path = ".status.conditions[?(@.type=='Ready')].reason",
                description = "Why the credentials are ready, or are not"
            ),
            printcolumn(
                name = "Registry",
                type_ = "string",
                json_path = ".status.registry.name",
                description = "The registry that the credentials are for"
            ),
            printcolumn(
                name = "Valid until",
                type_ = "string",
                json_path = ".status.validUntil",
                description = "When the credentials expire"
            ),
            printcolumn(
                name = "Next rotation",
                type_ = "string",
                json_path = ".status.nextRotation",
                description = "When new credentials are made"
            ),
            printcolumn(
                name = "Age",
                type_ = "date",
                json_path = ".metadata.creationTimestamp",
                description = "Time since the object was created"
            ),
            printcolumn(
                name = "Registry namespace",
                type_ = "string",
                json_path = ".status.registry.namespace",
                priority = 1,
                description = "The namespace of the registry"
            ),
            printcolumn(
                name = "Message",
                type_ = "string",
                json_path = ".status.conditions[?(@.type=='Ready')].message",
                priority = 1,
                description = "Why the credentials are ready, or are not, in a sentence"
            )
        )]
        #[serde(rename_all = "camelCase")]
        // Neither kind needs a specification: the default registry is meant then.
        #[schemars(extend("default" = serde_json::json!({})))]
        #[x_kube(validation = cel::overlap_needs_an_interval(), validation = cel::overlap_is_half_at_most())]
        $(#[$attribute])*
        pub struct $spec {
            /// The registry. If absent, it is the default one of the installation.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub registry_ref: Option<RegistryRef>,
            /// How long a password is valid, as a duration of 2m at least. If absent, it is that of the installation, 24h.
            #[serde(skip_serializing_if = "Option::is_none")]
            #[schemars(length(max = 32))]
            #[x_kube(validation = cel::rotation_interval())]
            pub rotation_interval: Option<String>,
            /// How long before its end a new password takes its place, as a duration of 1m at least. Both are valid for this
            /// time. If absent, it is half the rotationInterval, which is the most, too.
            #[serde(skip_serializing_if = "Option::is_none")]
            #[schemars(length(max = 32))]
            #[x_kube(validation = cel::overlap())]
            pub overlap: Option<String>,
            $($more)*
        }
    };
}

image_secret! {
    "ImagePushSecret", Access::Push, "imagepushsecrets", "imgpush",
    "An ImagePushSecret becomes an account that may push to a registry, and a Secret with its credentials, which are rotated.",
    #[x_kube(validation = cel::functions_name_the_secret())]
    ImagePushSecretSpec {
        /// The name of the Secret. If absent, it is imagepushsecret-NAME.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(length(max = limits::NAME_MAX))]
        #[x_kube(validation = cel::object_name(), validation = cel::secret_is_not_of_functions())]
        pub secret_name: Option<String>,
        /// Whether the Functions of the namespace use this registry. The Secret is serverless-registry-config then.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub for_functions: Option<bool>,
    }
}

image_secret! {
    "ImagePullSecret", Access::Pull, "imagepullsecrets", "imgpull",
    "An ImagePullSecret becomes an account that may pull from a registry, and a Secret with its credentials, which are rotated.",
    ImagePullSecretSpec {
        /// The name of the Secret. If absent, it is imagepullsecret-NAME.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(length(max = limits::NAME_MAX))]
        #[x_kube(validation = cel::object_name(), validation = cel::secret_is_not_of_functions())]
        pub secret_name: Option<String>,
    }
}

/// A registry, of the same namespace if it names none.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
pub struct RegistryRef {
    /// The name of the `ImageRegistry`.
    #[serde(default)]
    #[schemars(!default, length(max = limits::NAME_MAX))]
    #[x_kube(validation = cel::registry_ref_name())]
    pub name: String,
    /// The namespace of the `ImageRegistry`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::NAME_MAX))]
    #[x_kube(validation = cel::namespace())]
    pub namespace: Option<String>,
}

/// What the controller has observed of a push or pull secret.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageSecretStatus {
    /// The generation that was reconciled last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready`: the Secret holds valid credentials.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Option<Vec<Condition>>,
    /// How often the password was rotated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotation: Option<i64>,
    /// When the password was rotated last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotation_date: Option<Time>,
    /// When the credentials in the Secret expire.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Time>,
    /// When the password is rotated next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_rotation: Option<Time>,
    /// The registry that the credentials are for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registry: Option<UsedRegistry>,
}

/// The registry that credentials are for.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct UsedRegistry {
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}
