//! What is kept of the objects that are copied, and of their copies: of these nothing that is secret.

use std::sync::Arc;

use api::names::copy_mark::{COPIED_FROM, FINALIZER};
use kube::Resource as _;
use serde_json::Value;

use super::copy;
use super::sort::Sort;
use crate::object::Object;
use crate::stores::cache::Kept;

/// An object of the base namespace that is, or was, to be copied.
#[derive(Debug)]
pub(super) struct Base {
    namespace: String,
    pub(super) state: State,
    /// The patch that removes the finalizer, if it is there.
    pub(super) release: Option<Value>,
}

/// Where an object of the base namespace is between its first copy and its last.
#[derive(Debug)]
pub(super) enum State {
    /// A Secret without the finalizer that outlasts its copies: none may be made yet. With the patch that adds it.
    New(Value),
    /// There are to be copies.
    Live(Template),
    /// A Secret that is being deleted, or has lost its label: its copies are deleted first.
    Leaving,
}

/// What copies are made from.
pub(super) struct Template {
    base: Value,
    /// What it is, in short: two templates that make the same copies have the same.
    pub(super) mark: Arc<str>,
}

/// Without what it holds, which may be secret.
impl std::fmt::Debug for Template {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Template").field("mark", &self.mark).finish_non_exhaustive()
    }
}

impl Template {
    pub(super) fn copy(&self, sort: Sort, namespace: &str) -> Value {
        copy::wanted(sort, &self.base, namespace)
    }
}

impl Base {
    pub(super) fn of(sort: Sort, object: &Object) -> Option<Self> {
        let metadata = object.meta();
        let namespace = metadata.namespace.clone()?;
        let (key, value) = sort.label();
        let is_labelled = metadata
            .labels
            .as_ref()
            .is_some_and(|labels| labels.get(key).is_some_and(|known| known == value));
        let is_live = is_labelled && metadata.deletion_timestamp.is_none();
        let finalizers = metadata.finalizers.as_deref().unwrap_or_default();
        let patch = |finalizers: Vec<&String>| serde_json::json!({"metadata": {"resourceVersion": metadata.resource_version, "finalizers": finalizers}});
        let has_finalizer = sort != Sort::Secret || finalizers.iter().any(|known| known == FINALIZER);
        let release = (sort == Sort::Secret && has_finalizer)
            .then(|| patch(finalizers.iter().filter(|known| *known != FINALIZER).collect()));
        let state = match (is_live, has_finalizer) {
            (true, true) => {
                let base = object.value().ok()?;
                let mark = copy::mark(&copy::wanted(sort, &base, ""))?.into();
                State::Live(Template { base, mark })
            }
            (true, false) => {
                let finalizer = FINALIZER.to_owned();
                State::New(patch(finalizers.iter().chain([&finalizer]).collect()))
            }
            (false, true) if sort == Sort::Secret => State::Leaving,
            (false, _) => return None,
        };
        Some(Self { namespace, state, release })
    }
}

impl Kept for Base {
    fn group(&self) -> &str {
        &self.namespace
    }
}

/// A copy, or what has the labels of one.
#[derive(Debug)]
pub(super) struct Copy {
    namespace: String,
    /// The mark of the template that it is the right copy of, if it is one.
    pub(super) is_of: Option<Arc<str>>,
    /// Whether it belongs to the users of its namespace.
    pub(super) is_kept_by_user: bool,
    /// Whether this installation has made it.
    pub(super) is_ours: bool,
}

impl Copy {
    /// Judges a copy by the template that there is.
    pub(super) fn of(
        sort: Sort,
        object: &Object,
        base_namespace: &str,
        template: Option<&Base>,
    ) -> Option<Self> {
        let metadata = object.meta();
        let namespace = metadata.namespace.clone()?;
        if namespace == base_namespace {
            return None;
        }
        let stored = object.value().ok()?;
        let is_of = match template.map(|base| &base.state) {
            Some(State::Live(template)) => {
                let wanted = template.copy(sort, &namespace);
                copy::is_copied(sort, &wanted, &stored).then(|| Arc::clone(&template.mark))
            }
            _ => None,
        };
        let origin = metadata.annotations.as_ref().and_then(|all| all.get(COPIED_FROM));
        Some(Self {
            namespace,
            is_of,
            is_kept_by_user: copy::is_kept_by_user(sort, &stored),
            is_ours: origin.is_some_and(|origin| origin == base_namespace),
        })
    }
}

impl Kept for Copy {
    fn group(&self) -> &str {
        &self.namespace
    }
}
