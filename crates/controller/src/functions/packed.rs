//! A Function in the cache: packed, because there may be ten thousand, of which few are reconciled at a time.

use std::borrow::Cow;

use api::Function;
use cluster::{Object, Packed};
use decide::Key;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use kube::runtime::reflector::ObjectRef;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::cached::MAX_CACHED;

/// Its metadata, and the whole Function, packed.
#[derive(Clone, Debug, Resource)]
#[resource(inherit = Function)]
pub(super) struct PackedFunction {
    metadata: ObjectMeta,
    /// The name of its `GitRepository`.
    repository: Option<Box<str>>,
    /// `None` for a Function that is too large for the cache.
    packed: Option<Packed>,
}

#[derive(Deserialize)]
struct Spec<'a> {
    #[serde(rename = "type", borrow)]
    source_type: Option<Cow<'a, str>>,
    #[serde(borrow)]
    source: Option<Cow<'a, str>>,
}

impl PackedFunction {
    /// The whole Function, except its managed fields; `None` if it is too large for the cache.
    ///
    /// # Errors
    /// If it is not a Function, which the schema prevents.
    pub(super) fn unpack(&self) -> serde_json::Result<Option<Function>> {
        self.packed.as_ref().map(Packed::unpack).transpose()
    }

    /// Whether its source is in a certain `GitRepository`.
    pub(super) fn is_in(&self, repository: &str) -> bool {
        self.repository.as_deref() == Some(repository)
    }
}

impl<'de> Deserialize<'de> for PackedFunction {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let object = Object::deserialize(deserializer)?;
        let packed = Packed::of(&object).map_err(D::Error::custom)?;
        let packed = Some(packed).filter(|packed| packed.size() <= MAX_CACHED);
        let repository = object.spec_with(|spec: Spec<'_>| {
            let source = spec.source.filter(|_| spec.source_type.as_deref() == Some("git"))?;
            // Names are not longer.
            (source.len() <= 253).then(|| Box::from(&*source))
        });
        let known = object.meta();
        let metadata = ObjectMeta {
            name: known.name.clone(),
            namespace: known.namespace.clone(),
            uid: known.uid.clone(),
            resource_version: known.resource_version.clone(),
            deletion_timestamp: known.deletion_timestamp.clone(),
            ..ObjectMeta::default()
        };
        Ok(Self { metadata, repository: repository.flatten(), packed })
    }
}

/// A reference for the loop.
pub(super) fn reference((namespace, name): &Key) -> ObjectRef<PackedFunction> {
    ObjectRef::new(name).within(namespace)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_unpacked_is_what_came_but_for_its_managers() {
        let mut function = json!({
            "apiVersion": "serverless.kyma-project.io/v1alpha1", "kind": "Function",
            "metadata": {
                "name": "f", "namespace": "n", "uid": "u", "resourceVersion": "7", "generation": 2,
                "labels": {"a": "b"}, "managedFields": [{"manager": "m"}],
            },
            "spec": {"source": "x", "minReplicas": 1},
            "status": {"source": "x"},
        });
        let packed: PackedFunction = serde_json::from_value(function.clone()).unwrap();
        assert_eq!((packed.metadata.name.as_deref(), packed.metadata.uid.as_deref()), (Some("f"), Some("u")));
        function["metadata"].as_object_mut().unwrap().remove("managedFields");
        assert_eq!(serde_json::to_value(packed.unpack().unwrap().unwrap()).unwrap(), function);
    }

    /// A source of a megabyte that hardly compresses. A tenant can have hundreds of them.
    #[test]
    fn one_that_is_large_is_not_kept() {
        let mut random = fastrand::Rng::with_seed(1);
        let source: String = std::iter::repeat_with(|| random.alphanumeric()).take(1 << 20).collect();
        let function = json!({"metadata": {"name": "f"}, "spec": {"source": source}});
        let packed: PackedFunction = serde_json::from_value(function).unwrap();
        assert_eq!((packed.unpack().unwrap(), packed.metadata.name.as_deref()), (None, Some("f")));
    }

    #[test]
    fn one_of_a_repository_is_found_by_its_name() {
        let of = |kind: &str| -> PackedFunction {
            serde_json::from_value(
                json!({"metadata": {"name": "f"}, "spec": {"type": kind, "source": "code"}}),
            )
            .unwrap()
        };
        assert!(of("git").is_in("code"));
        assert!(!of("git").is_in("other") && !of("inline").is_in("code"));
    }

    /// A Function that an older schema accepted must not hide all others.
    #[test]
    fn one_that_is_none_is_told_when_it_is_looked_at() {
        let none = json!({"metadata": {"name": "f"}, "spec": {"source": 7}});
        let packed: PackedFunction = serde_json::from_value(none).unwrap();
        assert_eq!(
            packed.unpack().unwrap_err().to_string(),
            "invalid type: integer `7`, expected a string at line 1 column 43"
        );
    }
}
