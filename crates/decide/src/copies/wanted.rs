//! What a copy must be, and whether an object is one. Pure.

use std::collections::BTreeSet;

use api::names::copy_mark::{COPIED_FROM, KEPT_BY_USER, PULL_SECRETS};
use api::names::{APPLIED, REGISTRY_CHECK, owned_label, registry_secret};
use serde_json::{Map, Value, json};

use super::kind::CopiedKind;
use crate::drift::{foreign_data, is_stored, marked};

/// Annotations that describe the object that carries them, and not its copies.
const OF_ONE_OBJECT: [&str; 5] =
    ["kubectl.kubernetes.io/last-applied-configuration", APPLIED, COPIED_FROM, PULL_SECRETS, REGISTRY_CHECK];

/// The copy of an object of the base namespace for another namespace.
#[must_use]
pub fn wanted(kind: CopiedKind, base: &Value, namespace: &str) -> Value {
    let text = |pointer: &str| base.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let map = |pointer: &str| base.pointer(pointer).and_then(Value::as_object).cloned().unwrap_or_default();
    let (name, base_namespace) = (text("/metadata/name"), text("/metadata/namespace"));
    let mut labels = map("/metadata/labels");
    // With this label, the copy would look like one that users manage, and would never change again.
    labels.remove(owned_label::MANAGED_BY);
    let mut annotations = map("/metadata/annotations");
    annotations.retain(|key, _| !OF_ONE_OBJECT.contains(&key.as_str()));
    annotations.insert(COPIED_FROM.to_owned(), base_namespace.into());

    let mut copy = Map::new();
    copy.insert("apiVersion".to_owned(), kind.kind().api_version().into());
    copy.insert("kind".to_owned(), kind.kind().as_str().into());
    for field in kind.fields() {
        if let Some(value) = base.get(*field) {
            copy.insert((*field).to_owned(), value.clone());
        }
    }
    match kind {
        CopiedKind::ServiceAccount => {
            if let Some(tokens) = copy.get_mut("secrets").and_then(Value::as_array_mut) {
                // These tokens belong to the account of the base namespace.
                tokens.retain(|token| !is_token(token, name));
            }
            let names: Vec<_> = names(copy.get("imagePullSecrets")).into_iter().collect();
            annotations.insert(PULL_SECRETS.to_owned(), names.join(",").into());
        }
        CopiedKind::RoleBinding => {
            let subjects = copy.get_mut("subjects").and_then(Value::as_array_mut);
            for subject in subjects.into_iter().flatten().filter_map(Value::as_object_mut) {
                if subject.get("namespace").and_then(Value::as_str) == Some(base_namespace) {
                    subject.insert("namespace".to_owned(), namespace.into());
                }
            }
        }
        CopiedKind::ConfigMap | CopiedKind::Secret | CopiedKind::Role => {}
    }
    let metadata =
        json!({"name": name, "namespace": namespace, "labels": labels, "annotations": annotations});
    copy.insert("metadata".to_owned(), metadata);
    marked(&copy)
}

/// Whether the stored object is the wanted copy. Labels, annotations and references that others add are theirs; data
/// are not.
#[must_use]
pub fn is_copied(kind: CopiedKind, wanted: &Value, stored: &Value) -> bool {
    match kind {
        CopiedKind::ConfigMap | CopiedKind::Secret => {
            return is_stored(wanted, stored) && foreign_keys(wanted, stored).is_empty();
        }
        CopiedKind::Role | CopiedKind::RoleBinding => {
            return is_stored(wanted, stored)
                && kind.fields().iter().all(|field| wanted.get(*field) == stored.get(*field));
        }
        CopiedKind::ServiceAccount => {}
    }
    let lists = ["imagePullSecrets", "secrets"];
    let has_all = |field: &&str| names(wanted.get(*field)).is_subset(&names(stored.get(*field)));
    let mut rest = wanted.clone();
    if let Some(rest) = rest.as_object_mut() {
        rest.retain(|field, _| !lists.contains(&field.as_str()));
    }
    is_stored(&rest, stored) && lists.iter().all(has_all)
}

/// The keys of data that the copy has and should not have, as a merge patch that removes them; empty if there are none.
pub fn foreign_keys(wanted: &Value, stored: &Value) -> Map<String, Value> {
    let mut patch = foreign_data(wanted, stored);
    for keys in patch.values_mut().filter_map(Value::as_object_mut) {
        // The webhook writes this key, unless the author of the base Secret did.
        keys.remove(registry_secret::DOCKER_CONFIG_KEY);
    }
    patch.retain(|_, keys| keys.as_object().is_some_and(|keys| !keys.is_empty()));
    patch
}

/// The wanted copy, plus what others have added to the stored one and a write would remove.
pub fn merged(kind: CopiedKind, wanted: &Value, stored: &Value) -> Value {
    let mut merged = wanted.clone();
    if kind != CopiedKind::ServiceAccount {
        return merged;
    }
    let copied = stored.pointer("/metadata/annotations").and_then(|all| all.get(PULL_SECRETS));
    let copied: BTreeSet<_> = copied.and_then(Value::as_str).unwrap_or_default().split(',').collect();
    let wanted = names(wanted.get("imagePullSecrets"));
    let theirs: Vec<_> = names(stored.get("imagePullSecrets"))
        .into_iter()
        .filter(|name| !copied.contains(name) && !wanted.contains(name))
        .map(|name| json!({"name": name}))
        .collect();
    if let Some(fields) = merged.as_object_mut()
        && let Some(all) = fields.entry("imagePullSecrets").or_insert_with(|| json!([])).as_array_mut()
    {
        all.extend(theirs);
    }
    merged
}

/// Whether a copy must be deleted and created again, because the difference is in a field that cannot change.
pub fn must_be_remade(kind: CopiedKind, wanted: &Value, stored: &Value) -> bool {
    let is_immutable = stored.get("immutable").and_then(Value::as_bool) == Some(true);
    is_immutable || kind.fixed_field().is_some_and(|field| wanted.get(field) != stored.get(field))
}

/// Whether the users of its namespace manage a Secret.
pub fn is_kept_by_user(kind: CopiedKind, stored: &Value) -> bool {
    let label = stored.pointer("/metadata/labels").and_then(|labels| labels.get(owned_label::MANAGED_BY));
    kind == CopiedKind::Secret && label.and_then(Value::as_str) == Some(KEPT_BY_USER)
}

/// The mark of an object that was made by [`wanted`].
#[must_use]
pub fn mark(wanted: &Value) -> Option<&str> {
    wanted.pointer("/metadata/annotations")?.get(APPLIED)?.as_str()
}

fn is_token(reference: &Value, account: &str) -> bool {
    let name = reference.get("name").and_then(Value::as_str).unwrap_or_default();
    name.strip_prefix(account).is_some_and(|rest| rest.starts_with("-token"))
}

fn names(references: Option<&Value>) -> BTreeSet<&str> {
    let references = references.and_then(Value::as_array).into_iter().flatten();
    references.filter_map(|reference| reference.get("name")?.as_str()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

    use rstest::rstest;

    use super::*;

    fn secret() -> Value {
        json!({
            "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
            "metadata": {
                "name": "registry", "namespace": "kyma-system", "uid": "u", "resourceVersion": "7",
                "labels": {"serverless.kyma-project.io/config": "credentials", "serverless.kyma-project.io/managed-by": "user"},
                "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", "team": "a"},
                "finalizers": ["serverless.kyma-project.io/finalizer-registry-config"],
                "managedFields": [{"manager": "kubectl"}],
            },
            "data": {"username": "YQ=="},
        })
    }

    #[test]
    fn a_copy_has_what_is_not_of_the_one_object_alone() {
        let mut copy = wanted(CopiedKind::Secret, &secret(), "team-a");
        let mark = copy["metadata"]["annotations"].as_object_mut().unwrap().remove(APPLIED);
        assert_eq!(mark.unwrap().as_str().unwrap().len(), 64);
        assert_eq!(
            copy,
            json!({
                "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
                "metadata": {
                    "name": "registry", "namespace": "team-a",
                    "labels": {"serverless.kyma-project.io/config": "credentials"},
                    "annotations": {"team": "a", "serverless.kyma-project.io/copied-from": "kyma-system"},
                },
                "data": {"username": "YQ=="},
            })
        );
    }

    #[test]
    fn a_binding_is_of_the_account_of_its_own_namespace() {
        let base = json!({
            "metadata": {"name": "b", "namespace": "kyma-system"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"},
            "subjects": [
                {"kind": "ServiceAccount", "name": "serverless-build", "namespace": "kyma-system"},
                {"kind": "ServiceAccount", "name": "other", "namespace": "elsewhere"},
                {"kind": "Group", "name": "g"},
            ],
        });
        let copy = wanted(CopiedKind::RoleBinding, &base, "team-a");
        let namespaces: Vec<_> = copy["subjects"]
            .as_array()
            .unwrap()
            .iter()
            .map(|subject| subject["namespace"].as_str())
            .collect();
        assert_eq!(namespaces, [Some("team-a"), Some("elsewhere"), None]);
        assert_eq!(copy["apiVersion"], "rbac.authorization.k8s.io/v1");
        let mut other = copy.clone();
        other["roleRef"]["name"] = "s".into();
        assert!(must_be_remade(CopiedKind::RoleBinding, &copy, &other));
    }

    #[rstest]
    #[case::as_it_is(json!({}), true)]
    #[case::labels_and_annotations_of_others(json!({"metadata": {"labels": {"x": "y"}, "annotations": {"x": "y"}}}), true)]
    #[case::the_docker_configuration_of_the_webhook(json!({"data": {".dockerconfigjson": "e30="}}), true)]
    #[case::other_data(json!({"data": {"username": "Yg=="}}), false)]
    #[case::more_data(json!({"data": {"isInternal": "dHJ1ZQ=="}}), false)]
    #[case::binary_data(json!({"binaryData": {"x": "Yg=="}}), false)]
    #[case::another_label(json!({"metadata": {"labels": {"serverless.kyma-project.io/config": "runtime"}}}), false)]
    fn a_copy_is_judged_by_what_it_was_copied_for(#[case] change: Value, #[case] expected: bool) {
        let wanted = wanted(CopiedKind::Secret, &secret(), "team-a");
        let mut stored = wanted.clone();
        json_patch::merge(&mut stored, &change);
        assert_eq!(is_copied(CopiedKind::Secret, &wanted, &stored), expected);
    }

    #[test]
    fn an_account_keeps_its_tokens_and_what_others_gave_it() {
        let base = json!({
            "metadata": {"name": "fn", "namespace": "kyma-system"},
            "imagePullSecrets": [{"name": "new"}],
            "secrets": [{"name": "fn-token-abcde"}, {"name": "shared"}],
        });
        let wanted = wanted(CopiedKind::ServiceAccount, &base, "team-a");
        assert_eq!(wanted["secrets"], json!([{"name": "shared"}]));
        let stored = json!({
            "metadata": {"name": "fn", "annotations": {(PULL_SECRETS): "old,older"}},
            "imagePullSecrets": [{"name": "old"}, {"name": "theirs"}],
            "secrets": [{"name": "fn-token-12345"}],
        });
        let merged = merged(CopiedKind::ServiceAccount, &wanted, &stored);
        assert_eq!(merged["imagePullSecrets"], json!([{"name": "new"}, {"name": "theirs"}]));
        let mut result = merged.clone();
        result["secrets"] = json!([{"name": "fn-token-12345"}, {"name": "shared"}]);
        assert!(is_copied(CopiedKind::ServiceAccount, &wanted, &result));
        result["imagePullSecrets"] = json!([{"name": "theirs"}]);
        assert!(!is_copied(CopiedKind::ServiceAccount, &wanted, &result));
    }

    #[rstest]
    #[case(json!({"type": "kubernetes.io/dockerconfigjson"}), false)]
    #[case(json!({"type": "Opaque"}), true)]
    #[case(json!({"type": "kubernetes.io/dockerconfigjson", "immutable": true}), true)]
    fn what_cannot_change_is_made_anew(#[case] stored: Value, #[case] expected: bool) {
        assert_eq!(
            must_be_remade(CopiedKind::Secret, &wanted(CopiedKind::Secret, &secret(), "n"), &stored),
            expected
        );
    }
}
