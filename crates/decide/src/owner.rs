//! The owner of an object. Labels do not prove it: whoever may write an object may write its labels. In its own namespace,
//! where nobody else has to write, the controller knows its objects by a mark.

use std::collections::BTreeMap;

use api::names::container_registries::LABEL;
use api::names::program_label::{CONTROLLER, NAME};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use serde_json::{Value, json};

/// The reference of what an object owns: it is deleted with the object.
#[must_use]
pub fn reference(api_version: String, kind: &str, name: &str, uid: &str) -> OwnerReference {
    OwnerReference {
        api_version,
        kind: kind.to_owned(),
        name: name.to_owned(),
        uid: uid.to_owned(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}

/// Whether the object with this UID is the controller of a stored one.
#[must_use]
pub fn is_owned(stored: &Value, uid: &str) -> bool {
    let owners = stored.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    owners.into_iter().flatten().any(|owner| {
        let is_controller = owner.get("controller").and_then(Value::as_bool) == Some(true);
        is_controller && owner.get("uid").and_then(Value::as_str) == Some(uid)
    })
}

/// The merge patch that removes the references to an object that does not control the one with these metadata; `None` if there
/// are none. Kubernetes would delete the one with the other.
#[must_use]
pub fn without_references(metadata: &ObjectMeta, uid: &str) -> Option<Value> {
    let owners = metadata.owner_references.as_deref().unwrap_or_default();
    let stays = |owner: &&OwnerReference| owner.uid != uid || owner.controller == Some(true);
    let left: Vec<_> = owners.iter().filter(stays).collect();
    let patch = json!({"metadata": {"resourceVersion": metadata.resource_version, "ownerReferences": left}});
    (left.len() < owners.len()).then_some(patch)
}

/// Whether an object with these labels is one that the controller created in its own namespace. Registries of nodes that somebody
/// writes have a label of their own.
#[must_use]
pub fn is_own(labels: &BTreeMap<String, String>) -> bool {
    labels.get(NAME).is_some_and(|name| name == CONTROLLER) && !labels.contains_key(LABEL)
}

/// The Function that controls an object, from the object's owner reference.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Owner {
    /// The name of the Function.
    pub name: String,
    /// Its UID.
    pub uid: String,
}

impl Owner {
    /// `None` for an object that no Function controls.
    #[must_use]
    pub fn of(metadata: &ObjectMeta) -> Option<Self> {
        let mut owners = metadata.owner_references.iter().flatten();
        let owner = owners.find(|owner| owner.controller == Some(true) && owner.kind == "Function")?;
        Some(Self { name: owner.name.clone(), uid: owner.uid.clone() })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn only_references_that_do_not_control_are_removed() {
        let owner = |uid: &str, controller: bool| {
            let other =
                OwnerReference { controller: Some(controller), ..reference("v1".to_owned(), "K", "n", uid) };
            serde_json::to_value(other).unwrap()
        };
        let metadata = |owners: &[Value]| -> ObjectMeta {
            serde_json::from_value(json!({"resourceVersion": "7", "ownerReferences": owners})).unwrap()
        };
        let all = [owner("a", true), owner("b", false), owner("b", true), owner("c", false)];
        let left = [&all[0], &all[2], &all[3]];
        let expected = json!({"metadata": {"resourceVersion": "7", "ownerReferences": left}});
        assert_eq!(without_references(&metadata(&all), "b"), Some(expected));
        assert_eq!(without_references(&metadata(&all), "d"), None);
        assert_eq!(without_references(&ObjectMeta::default(), "b"), None);
    }
}
