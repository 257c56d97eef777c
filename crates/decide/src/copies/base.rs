//! The objects that are copied, between their first copy and their last.

use std::sync::Arc;

use api::names::copy_mark::FINALIZER;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;

use super::kind::CopiedKind;
use super::wanted;

/// An object of the base namespace that is, or was, to be copied.
#[derive(Debug)]
pub struct Base {
    /// Where it is between its first copy and its last.
    pub state: State,
    /// The patch that removes the finalizer, if it is there.
    pub release: Option<Value>,
}

/// Where an object of the base namespace is between its first copy and its last.
#[derive(Debug)]
pub enum State {
    /// A Secret without the finalizer that outlasts its copies: none may be made yet. With the patch that adds it.
    New(Value),
    /// There are to be copies.
    Live(Template),
    /// A Secret that is being deleted, or has lost its label: its copies are deleted first.
    Leaving,
}

/// What copies are made from.
pub struct Template {
    base: Value,
    /// What it is, in short: two templates that make the same copies have the same.
    pub mark: Arc<str>,
}

/// Without what it holds, which may be secret.
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
    /// `None` of an object of which there are no copies, and never were; `object` is all of it.
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
        let finalizers = metadata.finalizers.as_deref().unwrap_or_default();
        let patch = |finalizers: Vec<&String>| serde_json::json!({"metadata": {"resourceVersion": metadata.resource_version, "finalizers": finalizers}});
        let has_finalizer = kind != CopiedKind::Secret || finalizers.iter().any(|known| known == FINALIZER);
        let release = (kind == CopiedKind::Secret && has_finalizer)
            .then(|| patch(finalizers.iter().filter(|known| *known != FINALIZER).collect()));
        let state = match (is_live, has_finalizer) {
            (true, true) => {
                let base = object()?;
                let mark = wanted::mark(&wanted::wanted(kind, &base, ""))?.into();
                State::Live(Template { base, mark })
            }
            (true, false) => {
                let finalizer = FINALIZER.to_owned();
                State::New(patch(finalizers.iter().chain([&finalizer]).collect()))
            }
            (false, true) if kind == CopiedKind::Secret => State::Leaving,
            (false, _) => return None,
        };
        Some(Self { state, release })
    }
}
