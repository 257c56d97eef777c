//! The Secrets that the controller makes for registries: certificates with their keys, and keys alone. They carry no hash of
//! what they hold.

use std::collections::BTreeMap;

use api::names::image_registry::managed_label;
use api::names::registry::ROOT_CA;
use k8s_openapi::ByteString;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};

use super::instance::Instance;
use crate::Kind;
use crate::plan::Wanted;

/// The type of a Secret with a certificate and its key.
pub const TLS: &str = "kubernetes.io/tls";
/// The type of other Secrets.
pub const OPAQUE: &str = "Opaque";

/// The label of all that the controller makes for registries and caches, with its value.
pub const MADE: &str = "app.kubernetes.io/managed-by=serverless-controller";

/// What a Secret holds, by key.
pub type Data = BTreeMap<&'static str, ByteString>;

/// A Secret of a registry, which is deleted with it.
#[must_use]
pub fn of_registry(instance: &Instance<'_>, name: String, secret_type: &str, data: &Data) -> Wanted {
    secret(&instance.metadata(name), secret_type, data)
}

/// The authority of the installation, in the namespace of the controller.
#[must_use]
pub fn root(namespace: &str, data: &Data) -> Wanted {
    let metadata = ObjectMeta {
        name: Some(ROOT_CA.to_owned()),
        namespace: Some(namespace.to_owned()),
        labels: Some([(managed_label::KEY.to_owned(), managed_label::VALUE.to_owned())].into()),
        ..ObjectMeta::default()
    };
    secret(&metadata, TLS, data)
}

/// Whether a stored Secret is the authority of the installation, and not one that somebody else wrote.
#[must_use]
pub fn is_root(stored: &Value) -> bool {
    managed_by(stored) == Some(managed_label::VALUE)
}

/// Whether image-registry-operator has made a stored Secret. The container of its registry could read the key of the token
/// authority, so nothing of such a Secret is used.
#[must_use]
pub fn is_of_original(stored: &Value) -> bool {
    managed_by(stored) == Some(managed_label::OF_ORIGINAL)
}

fn managed_by(stored: &Value) -> Option<&str> {
    stored.pointer("/metadata/labels")?.get(managed_label::KEY)?.as_str()
}

/// A Secret with certificates or keys.
#[must_use]
pub fn secret(metadata: &ObjectMeta, secret_type: &str, data: &Data) -> Wanted {
    let kind = Kind::Secret;
    let object = json!({
        "apiVersion": kind.api_version(),
        "kind": kind.as_str(),
        "metadata": metadata,
        "type": secret_type,
        "data": data,
    });
    Wanted {
        kind,
        namespace: metadata.namespace.clone().unwrap_or_default(),
        name: metadata.name.clone().unwrap_or_default(),
        object,
    }
}
