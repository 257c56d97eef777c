//! Creates and changes objects. POST creates one: this costs the API server least and never touches an object
//! of somebody else. Server-side apply changes it: this keeps the fields that others set.

use decide::plan::Wanted;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;
use kube::Resource as _;
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams, Preconditions};
use serde::Deserialize as _;
use serde_json::{Map, Value, json};

use crate::error::Error;
use crate::object::Object;
use crate::writer::{FIELD_MANAGER, Writer};

/// How often an update is tried while others write the object at the same time.
const LOOKS: usize = 4;

/// The wanted state of an object, compared with the stored one.
pub trait Intent {
    /// The object to create.
    fn wanted(&self) -> &Wanted;
    /// Whether the stored object may be changed.
    fn is_ours(&self, stored: &Value) -> bool;
    /// Whether the stored object needs no change.
    fn is_done(&self, stored: &Value) -> bool;
    /// What to apply to the stored object.
    fn over(&self, _stored: &Value) -> Value {
        self.wanted().object.clone()
    }
    /// Whether the stored object must be deleted and created again, because the difference is in a field that cannot
    /// change.
    fn must_be_remade(&self, _stored: &Value) -> bool {
        false
    }
    /// What others have added to fields that are ours alone, as a merge patch that removes it.
    fn foreign(&self, _stored: &Value) -> Map<String, Value> {
        Map::new()
    }
}

impl Writer {
    /// Creates an object. If one with this name exists and is ours, updates it.
    pub async fn create(&self, intent: &impl Intent) -> Result<Object, Error> {
        match self.create_only(intent.wanted()).await {
            Err(error) if error.is_already_exists() => self.update(intent).await,
            created => created,
        }
    }

    /// Creates an object. If one with this name exists, it stays as it is, and the error says so.
    ///
    /// # Errors
    /// If the API server does not create it.
    pub async fn create_only(&self, wanted: &Wanted) -> Result<Object, Error> {
        let api = self.api(wanted.kind, &wanted.namespace);
        let params = PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() };
        let new = Object::of(&wanted.object).map_err(Error::of_json)?;
        let created = self.fenced(api.create(&params, &new)).await;
        judged(wanted, created).inspect(|_| log(wanted, "created"))
    }

    /// Changes a stored object to the wanted one. If others write it at the same time, reads it again and retries.
    pub async fn update(&self, intent: &impl Intent) -> Result<Object, Error> {
        let mut looks = 1;
        loop {
            match self.update_once(intent).await {
                Err(error) if error.is_conflict() && looks < LOOKS => looks += 1,
                updated => return updated,
            }
        }
    }

    async fn update_once(&self, intent: &impl Intent) -> Result<Object, Error> {
        let (wanted, api) = self.wanted(intent);
        let found = self.fenced(api.get(&wanted.name)).await?;
        let stored = found.value().map_err(Error::of_json)?;
        if !intent.is_ours(&stored) {
            return Err(Error::Taken { kind: wanted.kind, name: wanted.name.clone() });
        }
        if intent.is_done(&stored) {
            // It is as wanted already; the watch has not shown it yet.
            return Ok(found);
        }
        let (uid, version) = (found.meta().uid.clone(), found.meta().resource_version.clone());
        if intent.must_be_remade(&stored) {
            let preconditions = Some(Preconditions { uid, resource_version: version });
            let params = DeleteParams { preconditions, ..DeleteParams::default() };
            self.fenced(api.delete(&wanted.name, &params)).await?;
            return self.create_only(wanted).await;
        }
        let version = self.note_as_applied(&api, &wanted.name, &stored, version).await?;
        let mut patch = intent.over(&stored);
        if let Some(fields) = patch.get_mut("metadata").and_then(Value::as_object_mut) {
            // Applies only to the object that was read, in the version that was read: it may have been replaced, or
            // belong to somebody else by now.
            fields.insert("uid".to_owned(), json!(uid));
            fields.insert("resourceVersion".to_owned(), json!(version));
        }
        let params = PatchParams::apply(FIELD_MANAGER).force();
        let applied = self.fenced(api.patch(&wanted.name, &params, &Patch::Apply(patch))).await;
        let applied = judged(wanted, applied).inspect(|_| log(wanted, "applied"))?;
        let mut foreign = intent.foreign(&applied.value().map_err(Error::of_json)?);
        if foreign.is_empty() {
            return Ok(applied);
        }
        foreign.insert("metadata".to_owned(), json!({"resourceVersion": applied.meta().resource_version}));
        self.merge(&api, &wanted.name, Value::Object(foreign)).await
    }

    /// Records created fields as applied, unless they are. Returns the version of the object after that.
    async fn note_as_applied(
        &self,
        api: &Api<Object>,
        name: &str,
        stored: &Value,
        version: Option<String>,
    ) -> Result<Option<String>, Error> {
        let managed = stored.pointer("/metadata/managedFields").unwrap_or(&Value::Null);
        let managed = Option::<Vec<ManagedFieldsEntry>>::deserialize(managed).map_err(Error::of_json)?;
        let Some(managed) = as_applied(&managed.unwrap_or_default()) else { return Ok(version) };
        let patch = json!({"metadata": {"resourceVersion": version, "managedFields": managed}});
        let noted = self.merge(api, name, patch).await?;
        Ok(noted.meta().resource_version.clone())
    }

    fn wanted<'a>(&self, intent: &'a impl Intent) -> (&'a Wanted, Api<Object>) {
        let wanted = intent.wanted();
        (wanted, self.api(wanted.kind, &wanted.namespace))
    }
}

/// An object that is invalid, too large or above a quota is refused until something changes, so it has an error of its
/// own.
fn judged<T>(wanted: &Wanted, answer: Result<T, Error>) -> Result<T, Error> {
    match answer {
        Err(Error::Api(kube::Error::Api(status))) if matches!(status.code, 400 | 403 | 413 | 422) => {
            let (kind, name) = (wanted.kind, wanted.name.clone());
            Err(Error::Refused { kind, name, message: status.message })
        }
        answer => answer,
    }
}

fn log(wanted: &Wanted, done: &'static str) {
    let Wanted { kind, namespace, name, .. } = wanted;
    tracing::info!(namespace, kind = kind.as_str(), name, "{done}");
}

/// The managers of an object's fields, with created fields recorded as applied: server-side apply removes only what its
/// manager applied before, so a created field that is no longer wanted would stay. `None` if nothing has to change.
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

#[cfg(test)]
mod tests;
