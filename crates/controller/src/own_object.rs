//! Objects that the controller keeps in its own namespace, for the webhook and for nodes.

use std::collections::BTreeMap;

use api::names::program_label::{CONTROLLER, NAME};
use cluster::Intent;
use decide::Kind;
use decide::owner::is_own;
use decide::plan::Wanted;
use serde::Deserialize as _;
use serde_json::{Value, json};

/// Such an object as it is wanted. All of it is in its data.
pub(crate) struct OwnObject {
    wanted: Wanted,
    /// Whether the manifests of the controller create it.
    is_installed: bool,
}

impl OwnObject {
    /// An object that the controller creates. One of somebody else that has the name, and not our mark, stays as it is.
    pub(crate) fn created(kind: Kind, namespace: &str, name: &str, data: &Value) -> Self {
        Self::new(kind, namespace, name, data, false)
    }

    /// An object that the manifests of the controller create, with labels of theirs.
    pub(crate) fn installed(kind: Kind, namespace: &str, name: &str, data: &Value) -> Self {
        Self::new(kind, namespace, name, data, true)
    }

    fn new(kind: Kind, namespace: &str, name: &str, data: &Value, is_installed: bool) -> Self {
        let object = json!({
            "apiVersion": kind.api_version(),
            "kind": kind.as_str(),
            "metadata": {"name": name, "namespace": namespace, "labels": {(NAME): CONTROLLER}},
            "data": data,
        });
        let wanted = Wanted { kind, namespace: namespace.to_owned(), name: name.to_owned(), object };
        Self { wanted, is_installed }
    }
}

impl Intent for OwnObject {
    fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    fn is_ours(&self, stored: &Value) -> bool {
        let labels = stored.pointer("/metadata/labels").unwrap_or(&Value::Null);
        self.is_installed || BTreeMap::deserialize(labels).is_ok_and(|labels| is_own(&labels))
    }

    fn is_done(&self, stored: &Value) -> bool {
        stored.get("data") == self.wanted.object.get("data")
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::own(json!({"app.kubernetes.io/name": "serverless-controller"}), true)]
    #[case::with_others(json!({"app.kubernetes.io/name": "serverless-controller", "a": "b"}), true)]
    #[case::of_another_program(json!({"app.kubernetes.io/name": "serverless-webhook"}), false)]
    #[case::without_the_mark(json!({"a": "b"}), false)]
    #[case::without_labels(json!(null), false)]
    #[case::written_by_somebody(
        json!({"app.kubernetes.io/name": "serverless-controller", "serverless.kyma-project.io/container-registries": "config"}),
        false
    )]
    fn an_object_with_the_mark_alone_is_own(#[case] labels: Value, #[case] expected: bool) {
        let stored = json!({"metadata": {"name": "a", "labels": labels}});
        let created = OwnObject::created(Kind::Secret, "kyma-system", "a", &json!({}));
        assert_eq!(created.is_ours(&stored), expected);
        let installed = OwnObject::installed(Kind::ConfigMap, "kyma-system", "a", &json!({}));
        assert!(installed.is_ours(&stored));
    }

    #[test]
    fn what_is_created_is_own_and_done() {
        let object = OwnObject::created(Kind::Secret, "kyma-system", "a", &json!({"b": "Yw=="}));
        let stored = &object.wanted().object;
        assert_eq!((object.is_ours(stored), object.is_done(stored)), (true, true));
    }
}
