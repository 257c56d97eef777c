//! How an object becomes what is wanted. It is created by POST, which costs the API server least and never touches an
//! object of somebody else; it is changed by server-side apply, which leaves alone what others say of it.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;
use kube::Resource as _;
use kube::api::{Api, Patch, PatchParams, PostParams};
use serde::Deserialize as _;
use serde_json::{Value, json};

use super::{Cluster, Error, FIELD_MANAGER};
use crate::decide::is_owned;
use crate::difference::is_stored;
use crate::object::Object;

/// What object is wanted, and where.
struct Wanted<'a> {
    kind: &'a str,
    name: &'a str,
    api: Api<Object>,
}

impl Cluster {
    /// Creates an object. If there is one of that name already and it is ours, that one becomes what is wanted.
    pub(super) async fn create(&self, namespace: &str, object: &Value) -> Result<Object, Error> {
        let wanted = self.wanted(namespace, object);
        let params = PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() };
        let new = Object::of(object).map_err(kube::Error::SerdeError)?;
        match self.fenced(wanted.api.create(&params, &new)).await {
            Err(Error::Api(kube::Error::Api(status))) if status.is_already_exists() => {
                self.update(namespace, object).await
            }
            created => wanted.judged(created).inspect(|_| wanted.log(namespace, "created")),
        }
    }

    /// Makes an object that there is what is wanted.
    pub(super) async fn update(&self, namespace: &str, object: &Value) -> Result<Object, Error> {
        let wanted = self.wanted(namespace, object);
        let found = self.fenced(wanted.api.get(wanted.name)).await?;
        let stored = found.value().map_err(kube::Error::SerdeError)?;
        let owner = object.pointer("/metadata/ownerReferences/0/uid").and_then(Value::as_str);
        if !owner.is_some_and(|owner| is_owned(&stored, owner)) {
            return Err(Error::Taken { kind: wanted.kind.to_owned(), name: wanted.name.to_owned() });
        }
        if is_stored(object, &stored) {
            // The watch has not shown it yet.
            return Ok(found);
        }
        let metadata = found.meta();
        let managed = stored.pointer("/metadata/managedFields").unwrap_or(&Value::Null);
        let managed =
            Option::<Vec<ManagedFieldsEntry>>::deserialize(managed).map_err(kube::Error::SerdeError)?;
        if let Some(managed) = as_applied(&managed.unwrap_or_default()) {
            let version = &metadata.resource_version;
            let patch = json!({"metadata": {"resourceVersion": version, "managedFields": managed}});
            self.fenced(wanted.api.patch(wanted.name, &PatchParams::default(), &Patch::Merge(patch))).await?;
        }
        let mut patch = object.clone();
        if let (Some(uid), Some(fields)) =
            (&metadata.uid, patch.get_mut("metadata").and_then(Value::as_object_mut))
        {
            // Of the one that was looked at, not of one that has come in its place.
            fields.insert("uid".to_owned(), Value::String(uid.clone()));
        }
        let params = PatchParams::apply(FIELD_MANAGER).force();
        let applied = self.fenced(wanted.api.patch(wanted.name, &params, &Patch::Apply(patch))).await;
        wanted.judged(applied).inspect(|_| wanted.log(namespace, "applied"))
    }

    fn wanted<'a>(&self, namespace: &str, object: &'a Value) -> Wanted<'a> {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let kind = text("/kind");
        Wanted { kind, name: text("/metadata/name"), api: self.api(text("/apiVersion"), kind, namespace) }
    }
}

impl Wanted<'_> {
    /// What is not valid, too large or above a quota stays so.
    fn judged<T>(&self, answer: Result<T, Error>) -> Result<T, Error> {
        match answer {
            Err(Error::Api(kube::Error::Api(status))) if matches!(status.code, 400 | 403 | 413 | 422) => {
                let (kind, name) = (self.kind.to_owned(), self.name.to_owned());
                Err(Error::Refused { kind, name, message: status.message })
            }
            answer => answer,
        }
    }

    fn log(&self, namespace: &str, done: &'static str) {
        tracing::info!(namespace, kind = self.kind, name = self.name, "{done}");
    }
}

/// The managers of an object's fields once those that were created count as applied: server-side apply takes away
/// only what its manager has applied before, and a field that is no longer wanted would stay. `None` if they do already.
fn as_applied(managed: &[ManagedFieldsEntry]) -> Option<Vec<ManagedFieldsEntry>> {
    let is_ours = |entry: &ManagedFieldsEntry, operation: &str| {
        entry.manager.as_deref() == Some(FIELD_MANAGER)
            && entry.operation.as_deref() == Some(operation)
            && entry.subresource.is_none()
    };
    if !managed.iter().any(|entry| is_ours(entry, "Update")) {
        return None;
    }
    let mut managed: Vec<_> = managed.iter().filter(|entry| !is_ours(entry, "Apply")).cloned().collect();
    for entry in managed.iter_mut().filter(|entry| is_ours(entry, "Update")) {
        entry.operation = Some("Apply".to_owned());
    }
    Some(managed)
}
