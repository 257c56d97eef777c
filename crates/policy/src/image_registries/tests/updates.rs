//! What an UPDATE of an `ImageRegistry` may change.

use super::*;

#[allow(clippy::needless_pass_by_value, reason = "the callers are rows of tables")]
fn claim(more: Json) -> Json {
    with(json!({"persistentVolumeClaim": more}))
}

#[rstest]
#[case::delete_claim(claim(json!({})), claim(json!({"deleteClaim": true})))]
#[case::growth(claim(json!({})), claim(json!({"resources": {"requests": {"storage": "2Gi"}}})))]
#[case::the_same_size_in_other_words(claim(json!({})), claim(json!({"resources": {"requests": {"storage": "1024Mi"}}})))]
#[case::modes_that_were_not_known(claim(json!({})), claim(json!({"accessModes": ["ReadWriteMany"]})))]
#[case::replicas(claim(json!({"accessModes": ["ReadWriteMany"]})), with(json!({"replicas": 2, "persistentVolumeClaim": {"accessModes": ["ReadWriteMany"]}})))]
#[case::into_a_bucket(claim(json!({"storageClassName": "a"})), in_bucket(json!({})))]
#[case::onto_a_volume(in_bucket(json!({})), claim(json!({"storageClassName": "a"})))]
fn allows(#[case] old: Json, #[case] new: Json) {
    let (new, old) = (registry("registry", new), registry("registry", old));
    assert_eq!(validate(&new, Some(&old)), Decision::allowed());
}

const STAYS: &str =
    "must not change: Kubernetes changes no volume claim; create another ImageRegistry and copy the images";

#[rstest]
#[case::class(claim(json!({"storageClassName": "a"})), claim(json!({"storageClassName": "b"})), &format!(r#"spec.persistentVolumeClaim.storageClassName: Invalid value: "b": {STAYS}"#))]
#[case::class_removed(claim(json!({"storageClassName": "a"})), claim(json!({})), &format!(r#"spec.persistentVolumeClaim.storageClassName: Invalid value: "": {STAYS}"#))]
#[case::class_added(claim(json!({})), claim(json!({"storageClassName": "a"})), &format!(r#"spec.persistentVolumeClaim.storageClassName: Invalid value: "a": {STAYS}"#))]
#[case::modes(claim(json!({"accessModes": ["ReadWriteOnce"]})), claim(json!({"accessModes": ["ReadWriteMany"]})), &format!(r#"spec.persistentVolumeClaim.accessModes: Invalid value: "ReadWriteMany": {STAYS}"#))]
#[case::size(claim(json!({})), claim(json!({"resources": {"requests": {"storage": "1023Mi"}}})), r#"spec.persistentVolumeClaim.resources.requests.storage: Invalid value: "1023Mi": must not become smaller: Kubernetes shrinks no volume"#)]
fn refuses(#[case] old: Json, #[case] new: Json, #[case] text: &str) {
    let (new, old) = (registry("registry", new), registry("registry", old));
    assert_eq!(texts(&validate(&new, Some(&old))), [text]);
}

#[test]
fn access_modes_that_an_update_leaves_out_stay() {
    let old = registry("registry", claim(json!({"accessModes": ["ReadWriteMany"]})));
    let decision = default(&registry("registry", with(json!({"replicas": 3}))), Some(&old));
    let expected =
        json!([{"op": "add", "path": "/spec/persistentVolumeClaim/accessModes", "value": ["ReadWriteMany"]}]);
    assert_eq!(serde_json::to_value(decision.patch).unwrap(), expected);
}

/// Tightening a rule never blocks writes of labels, finalizers and other fields of registries that exist.
#[test]
fn what_an_update_leaves_alone_is_not_judged() {
    let bad = || registry("a.b", json!({}));
    assert_eq!(validate(&bad(), Some(&bad())), Decision::allowed());
    let named_before = registry("a.b", with(json!({"replicas": 0})));
    assert_eq!(validate(&named_before, Some(&registry("a.b", with(json!({}))))), Decision::allowed());
}
