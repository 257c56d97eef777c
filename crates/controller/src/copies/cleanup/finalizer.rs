//! The patch that removes a finalizer.

use kube::api::ObjectMeta;
use serde_json::{Value, json};

/// The JSON patch that removes a finalizer, and fails if another change of the list came first.
pub(super) fn without_finalizer(metadata: &ObjectMeta, finalizer: &str) -> Option<Value> {
    let finalizers = metadata.finalizers.as_deref().unwrap_or_default();
    let path = format!("/metadata/finalizers/{}", finalizers.iter().position(|known| known == finalizer)?);
    Some(json!([{"op": "test", "path": path, "value": finalizer}, {"op": "remove", "path": path}]))
}

#[cfg(test)]
mod tests {
    use api::names::copy_mark::FINALIZER;

    use super::*;

    #[test]
    fn the_finalizers_of_others_stay() {
        let finalizers = |names: &[&str]| ObjectMeta {
            finalizers: Some(names.iter().map(|name| (*name).to_owned()).collect()),
            ..ObjectMeta::default()
        };
        assert_eq!(without_finalizer(&finalizers(&["a", "b"]), FINALIZER), None);
        let place = "/metadata/finalizers/1";
        let expected =
            json!([{"op": "test", "path": place, "value": FINALIZER}, {"op": "remove", "path": place}]);
        assert_eq!(without_finalizer(&finalizers(&["a", FINALIZER, "b"]), FINALIZER), Some(expected));
    }
}
