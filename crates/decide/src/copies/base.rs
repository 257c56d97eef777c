//! Objects of the base namespace that are copied, and their states from the first copy to the last.

use std::sync::Arc;

use api::names::copy_mark::FINALIZER;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;

use super::kind::CopiedKind;
use super::wanted;
use crate::finalizers;

/// An object of the base namespace that has, or had, copies.
#[derive(Debug)]
pub struct Base {
    /// Its state.
    pub state: State,
    /// The patch that removes the finalizer, if the object has it.
    pub release: Option<Value>,
}

/// The state of an object of the base namespace, from its first copy to its last.
#[derive(Debug)]
pub enum State {
    /// A Secret that does not have the finalizer yet, with the patch that adds it. Copies are made only after that, so
    /// that the Secret outlasts its copies.
    New(Value),
    /// The object is copied.
    Live(Template),
    /// A Secret that is being deleted, or has lost its label. Its copies are deleted first.
    Leaving,
}

/// What copies are made from.
pub struct Template {
    base: Value,
    /// A short hash: two templates that make the same copies have the same mark.
    pub mark: Arc<str>,
}

/// Leaves out the content, which may be secret.
impl std::fmt::Debug for Template {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Template").field("mark", &self.mark).finish_non_exhaustive()
    }
}

impl Template {
    /// The copy for a namespace.
    #[must_use]
    pub fn copy(&self, kind: CopiedKind, namespace: &str) -> Value {
        wanted::wanted(kind, &self.base, namespace)
    }
}

impl Base {
    /// `None` for an object that has no copies and never had any; `object` is the whole object.
    #[must_use]
    pub fn of(
        kind: CopiedKind,
        metadata: &ObjectMeta,
        object: impl FnOnce() -> Option<Value>,
    ) -> Option<Self> {
        let (key, value) = kind.label();
        let is_labelled = metadata
            .labels
            .as_ref()
            .is_some_and(|labels| labels.get(key).is_some_and(|known| known == value));
        let is_live = is_labelled && metadata.deletion_timestamp.is_none();
        let has_finalizer = kind != CopiedKind::Secret || finalizers::has(metadata, FINALIZER);
        let release =
            (kind == CopiedKind::Secret && has_finalizer).then(|| finalizers::removed(metadata, FINALIZER));
        let state = match (is_live, has_finalizer) {
            (true, true) => {
                let base = object()?;
                let mark = wanted::mark(&wanted::wanted(kind, &base, ""))?.into();
                State::Live(Template { base, mark })
            }
            (true, false) => State::New(finalizers::added(metadata, FINALIZER)),
            (false, true) if kind == CopiedKind::Secret => State::Leaving,
            (false, _) => return None,
        };
        Some(Self { state, release })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use rstest::rstest;
    use serde_json::json;

    use super::*;

    const LABELLED: &str = "credentials";

    /// The state of an object by its label, its finalizers and whether it is being deleted.
    fn base(kind: CopiedKind, label: &str, finalizers: &[&str], is_deleted: bool) -> Option<Base> {
        let mut metadata = json!({
            "name": "x", "namespace": "kyma-system", "resourceVersion": "7", "finalizers": finalizers,
            "labels": {"serverless.kyma-project.io/config": label},
        });
        if is_deleted {
            metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
        }
        let object = json!({"metadata": metadata, "data": {"a": "Yg=="}});
        Base::of(kind, &serde_json::from_value(metadata).unwrap(), || Some(object))
    }

    fn state(base: Option<Base>) -> String {
        match base.map(|base| base.state) {
            None => "none".to_owned(),
            Some(State::New(patch)) => format!("new {}", patch["metadata"]["finalizers"]),
            Some(State::Live(_)) => "live".to_owned(),
            Some(State::Leaving) => "leaving".to_owned(),
        }
    }

    #[rstest]
    #[case::without_its_finalizer(LABELLED, &["theirs"], false, r#"new ["theirs","serverless.kyma-project.io/finalizer-registry-config"]"#)]
    #[case::with_it(LABELLED, &[FINALIZER], false, "live")]
    #[case::being_deleted(LABELLED, &[FINALIZER], true, "leaving")]
    #[case::without_its_label(
        "other",
        &[FINALIZER],
        false,
        "leaving"
    )]
    #[case::gone_before_a_copy_was_made(LABELLED, &[], true, "none")]
    #[case::none("other", &[], false, "none")]
    fn a_secret_is_held_from_its_first_copy_to_its_last(
        #[case] label: &str,
        #[case] finalizers: &[&str],
        #[case] is_deleted: bool,
        #[case] expected: &str,
    ) {
        assert_eq!(state(base(CopiedKind::Secret, label, finalizers, is_deleted)), expected);
    }

    #[test]
    fn only_secrets_are_held() {
        assert_eq!(state(base(CopiedKind::ConfigMap, "runtime", &[], false)), "live");
        assert_eq!(state(base(CopiedKind::ConfigMap, "runtime", &[], true)), "none");
        assert_eq!(state(base(CopiedKind::ConfigMap, "other", &[], false)), "none");
    }

    #[test]
    fn a_secret_is_let_go_by_removing_our_finalizer_alone() {
        let held = base(CopiedKind::Secret, LABELLED, &["theirs", FINALIZER], false).unwrap();
        let expected = json!({"metadata": {"resourceVersion": "7", "finalizers": ["theirs"]}});
        assert_eq!(held.release, Some(expected));
        assert_eq!(base(CopiedKind::Secret, LABELLED, &["theirs"], false).unwrap().release, None);
    }
}
