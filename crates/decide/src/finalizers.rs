//! The finalizers of an object: patches that fail if somebody else has changed the object meanwhile.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};

/// Whether an object has a finalizer.
#[must_use]
pub fn has(metadata: &ObjectMeta, finalizer: &str) -> bool {
    metadata.finalizers.iter().flatten().any(|known| known == finalizer)
}

/// The merge patch that adds a finalizer.
#[must_use]
pub fn added(metadata: &ObjectMeta, finalizer: &str) -> Value {
    patch(metadata, metadata.finalizers.iter().flatten().map(String::as_str).chain([finalizer]))
}

/// The merge patch that removes a finalizer and leaves the others.
#[must_use]
pub fn removed(metadata: &ObjectMeta, finalizer: &str) -> Value {
    let others = metadata.finalizers.iter().flatten().map(String::as_str);
    patch(metadata, others.filter(|known| *known != finalizer))
}

fn patch<'a>(metadata: &ObjectMeta, finalizers: impl Iterator<Item = &'a str>) -> Value {
    let finalizers: Vec<_> = finalizers.collect();
    json!({"metadata": {"resourceVersion": metadata.resource_version, "finalizers": finalizers}})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_finalizer_changes() {
        let metadata = ObjectMeta {
            finalizers: Some(vec!["a".to_owned(), "b".to_owned()]),
            resource_version: Some("7".to_owned()),
            ..ObjectMeta::default()
        };
        assert_eq!((has(&metadata, "a"), has(&metadata, "c")), (true, false));
        let expected =
            |finalizers: &[&str]| json!({"metadata": {"resourceVersion": "7", "finalizers": finalizers}});
        assert_eq!(added(&metadata, "c"), expected(&["a", "b", "c"]));
        assert_eq!(removed(&metadata, "a"), expected(&["b"]));
        assert_eq!(added(&ObjectMeta::default(), "c")["metadata"]["finalizers"], json!(["c"]));
    }
}
