//! The `ImageRegistryAccount`: who may log in to the registries of its namespace, and with which passwords.

use std::collections::BTreeMap;
use std::fmt;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zeroize::Zeroize as _;

use crate::cel::registry as cel;
use crate::limits;
use crate::registry::must;

/// Who may log in. The name of the account is the user name.
#[derive(Clone, CustomResource, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[kube(
    group = "registry.mgoltzsche.github.com",
    version = "v1alpha1",
    kind = "ImageRegistryAccount",
    plural = "imageregistryaccounts",
    shortname = "imgacc",
    namespaced,
    status = "ImageRegistryAccountStatus",
    derive = "PartialEq",
    validation = cel::account_name(),
    doc = "An ImageRegistryAccount may log in to the ImageRegistries of its namespace. Its name is the user name.",
    printcolumn(
        name = "Expires",
        type_ = "string",
        json_path = ".status.expiresAt",
        description = "When the account expires; never, if empty"
    ),
    printcolumn(
        name = "Last used",
        type_ = "date",
        json_path = ".status.lastUsed",
        description = "When somebody logged in last, to the hour"
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp",
        description = "Time since the account was created"
    ),
    printcolumn(
        name = "TTL",
        type_ = "string",
        json_path = ".spec.ttl",
        priority = 1,
        description = "How long after its creation the account expires"
    )
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = cel::has_password(), validation = cel::one_form_of_password(), validation = cel::password())]
pub struct ImageRegistryAccountSpec {
    /// The bcrypt hash of the password. Either this or passwordHashes is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub password: Option<PasswordHash>,
    /// The passwords, while one takes the place of another: at most two.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = must::PASSWORDS_MAX))]
    pub password_hashes: Option<Vec<AccountPassword>>,
    /// Labels for the rules of the access control list, each with its values.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("maxProperties" = 64), transform = label_values)]
    #[x_kube(validation = cel::account_labels_not_reserved())]
    pub labels: Option<BTreeMap<String, Vec<String>>>,
    /// How long after its creation the account expires, as a duration such as 24h. If absent, it never does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    #[x_kube(validation = cel::account_ttl())]
    pub ttl: Option<String>,
}

/// Bounds the values of labels.
fn label_values(schema: &mut schemars::Schema) {
    if let Some(values) = schema.pointer_mut("/additionalProperties") {
        values["maxItems"] = 64.into();
    }
    if let Some(value) = schema.pointer_mut("/additionalProperties/items") {
        value["maxLength"] = limits::NAME_MAX.into();
    }
}

/// A password that is valid for a time.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = cel::live_password())]
pub struct AccountPassword {
    /// The bcrypt hash of the password.
    #[serde(default)]
    #[schemars(!default, length(max = 256))]
    pub hash: PasswordHash,
    /// When the password expires. If absent, it never does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
}

/// The hash of a password. It is not shown: who has it can guess passwords at leisure, and it may be a password itself.
#[derive(Clone, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(transparent)]
pub struct PasswordHash(pub String);

impl Drop for PasswordHash {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(withheld)")
    }
}

/// What the controller has observed of an account.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageRegistryAccountStatus {
    /// When the account expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
    /// When the account was first seen, if its creation lay in the future then because the clock of the API server was ahead. It
    /// lives from then on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_seen: Option<Time>,
    /// When somebody logged in last. It is written once an hour at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used: Option<Time>,
}
