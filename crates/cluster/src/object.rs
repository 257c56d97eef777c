//! An object as the API server sends it: its text, with only its metadata decoded. The rest is used rarely, and the
//! managed fields, which can be half of it, almost never.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference, Time};
use kube::Resource;
use kube::api::ApiResource;
use kube::core::DynamicResourceScope;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// An object of any kind.
#[derive(Clone)]
pub struct Object {
    kind: Option<String>,
    metadata: ObjectMeta,
    json: Box<RawValue>,
}

#[derive(Deserialize)]
struct Head {
    /// Items of a list do not have it.
    kind: Option<String>,
    metadata: HeadMeta,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HeadMeta {
    name: Option<String>,
    namespace: Option<String>,
    uid: Option<String>,
    resource_version: Option<String>,
    creation_timestamp: Option<Time>,
    deletion_timestamp: Option<Time>,
    finalizers: Option<Vec<String>>,
    labels: Option<BTreeMap<String, String>>,
    annotations: Option<BTreeMap<String, String>>,
    owner_references: Option<Vec<OwnerReference>>,
}

#[derive(Deserialize)]
struct WithSpec<S> {
    spec: Option<S>,
}

#[derive(Deserialize)]
struct WithStatus<S> {
    status: Option<S>,
}

impl Object {
    /// Decodes an object to send.
    ///
    /// # Errors
    /// If it has no metadata, or invalid metadata.
    pub fn of(value: &Value) -> serde_json::Result<Self> {
        Self::parse(serde_json::value::to_raw_value(value)?)
    }

    fn parse(json: Box<RawValue>) -> serde_json::Result<Self> {
        let Head { kind, metadata } = serde_json::from_str(json.get())?;
        let metadata = ObjectMeta {
            name: metadata.name,
            namespace: metadata.namespace,
            uid: metadata.uid,
            resource_version: metadata.resource_version,
            creation_timestamp: metadata.creation_timestamp,
            deletion_timestamp: metadata.deletion_timestamp,
            finalizers: metadata.finalizers,
            labels: metadata.labels,
            annotations: metadata.annotations,
            owner_references: metadata.owner_references,
            ..ObjectMeta::default()
        };
        Ok(Self { kind, metadata, json })
    }

    /// Its kind, if the text has it.
    #[must_use]
    pub fn kind(&self) -> Option<&str> {
        self.kind.as_deref()
    }

    /// Its specification; `None` if it has none, or one of another shape.
    #[must_use]
    pub fn spec<S: DeserializeOwned>(&self) -> Option<S> {
        serde_json::from_str::<WithSpec<S>>(self.json.get()).ok()?.spec
    }

    /// Applies a function to its specification, which may borrow from it.
    pub fn spec_with<'a, S: Deserialize<'a>, T>(&'a self, read: impl FnOnce(S) -> T) -> Option<T> {
        serde_json::from_str::<WithSpec<S>>(self.json.get()).ok()?.spec.map(read)
    }

    /// Its status; `None` if it has none, or one of another shape.
    #[must_use]
    pub fn status<S: DeserializeOwned>(&self) -> Option<S> {
        serde_json::from_str::<WithStatus<S>>(self.json.get()).ok()?.status
    }

    /// The whole object.
    ///
    /// # Errors
    /// None in practice: an API server sends JSON.
    pub fn value(&self) -> serde_json::Result<Value> {
        serde_json::from_str(self.json.get())
    }

    /// The whole object as JSON, except the managed fields.
    pub(crate) fn without_managers(&self) -> serde_json::Result<Vec<u8>> {
        type Fields<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;
        let mut fields: Fields<'_> = serde_json::from_str(self.json.get())?;
        let mut metadata: Fields<'_> = match fields.get("metadata") {
            Some(metadata) => serde_json::from_str(metadata.get())?,
            None => Fields::new(),
        };
        metadata.remove("managedFields");
        let metadata = serde_json::value::to_raw_value(&metadata)?;
        fields.insert(Cow::Borrowed("metadata"), &metadata);
        serde_json::to_vec(&fields)
    }
}

/// Leaves out the content, which may be secret.
impl fmt::Debug for Object {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, metadata, json: _ } = self;
        let (namespace, name) = (&metadata.namespace, &metadata.name);
        formatter
            .debug_struct("Object")
            .field("kind", kind)
            .field("namespace", namespace)
            .field("name", name)
            .finish()
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(Box::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json.serialize(serializer)
    }
}

impl Resource for Object {
    type DynamicType = ApiResource;
    type Scope = DynamicResourceScope;

    fn kind(resource: &ApiResource) -> Cow<'_, str> {
        resource.kind.as_str().into()
    }

    fn group(resource: &ApiResource) -> Cow<'_, str> {
        resource.group.as_str().into()
    }

    fn version(resource: &ApiResource) -> Cow<'_, str> {
        resource.version.as_str().into()
    }

    fn api_version(resource: &ApiResource) -> Cow<'_, str> {
        resource.api_version.as_str().into()
    }

    fn plural(resource: &ApiResource) -> Cow<'_, str> {
        resource.plural.as_str().into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use kube::core::WatchEvent;
    use serde_json::json;

    use super::*;

    const DEPLOYMENT: &str = r#"{"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"a","namespace":"n",
        "labels":{"x":"y"},"managedFields":[{"manager":"m"}],"generation":2},"spec":{"replicas":1},"status":{"replicas":1}}"#;

    #[test]
    fn of_what_a_watch_sends_all_is_kept_as_it_is() {
        let event = format!(r#"{{"type":"ADDED","object":{DEPLOYMENT}}}"#);
        let WatchEvent::Added(object) = serde_json::from_str::<WatchEvent<Object>>(&event).unwrap() else {
            panic!("another event")
        };
        assert_eq!((object.kind(), object.meta().name.as_deref()), (Some("Deployment"), Some("a")));
        assert_eq!(serde_json::to_string(&object).unwrap(), DEPLOYMENT);
        assert_eq!(object.status::<Value>(), Some(json!({"replicas": 1})));
        let without: Value = serde_json::from_slice(&object.without_managers().unwrap()).unwrap();
        let metadata = json!({"name": "a", "namespace": "n", "labels": {"x": "y"}, "generation": 2});
        let all = json!({"kind": "Deployment", "apiVersion": "apps/v1", "metadata": metadata, "spec": {"replicas": 1}, "status": {"replicas": 1}});
        assert_eq!(without, all);
    }

    #[test]
    fn its_content_is_not_shown() {
        let secret = json!({"kind": "Secret", "metadata": {"name": "a"}, "data": {"password": "hunter2"}});
        let shown = format!("{:?}", Object::of(&secret).unwrap());
        assert_eq!(shown, r#"Object { kind: Some("Secret"), namespace: None, name: Some("a") }"#);
    }
}
