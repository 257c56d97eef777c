//! What all objects of registries and caches have in common: type, metadata and mark.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};

use crate::plan::Wanted;
use crate::{Kind, drift};

/// An object with its mark. `fields` are all but its type and its metadata.
pub(crate) fn wanted(kind: Kind, metadata: &ObjectMeta, fields: Value) -> Wanted {
    let object = json!({"apiVersion": kind.api_version(), "kind": kind.as_str(), "metadata": metadata});
    Wanted {
        kind,
        namespace: metadata.namespace.clone().unwrap_or_default(),
        name: metadata.name.clone().unwrap_or_default(),
        object: drift::marked(&with(object, fields)),
    }
}

/// An object with more fields.
pub(crate) fn with(mut object: Value, fields: Value) -> Value {
    if let (Some(object), Value::Object(fields)) = (object.as_object_mut(), fields) {
        object.extend(fields);
    }
    object
}
