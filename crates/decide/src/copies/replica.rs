//! What is cached of a copy. Nothing in it is secret.

use std::sync::Arc;

use api::names::copy_mark::COPIED_FROM;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;

use super::base::{Base, State};
use super::kind::CopiedKind;
use super::wanted;

/// A copy, or an object that has the labels of one.
#[derive(Debug)]
pub struct Replica {
    /// The mark of the template, if this is the right copy of it.
    pub is_of: Option<Arc<str>>,
    /// Whether the users of its namespace manage it.
    pub is_kept_by_user: bool,
    /// Whether this installation made it.
    pub is_ours: bool,
}

impl Replica {
    /// Compares a copy with the current template; `None` for an object of the base namespace. `stored` is the whole
    /// object.
    #[must_use]
    pub fn of(
        kind: CopiedKind,
        metadata: &ObjectMeta,
        stored: impl FnOnce() -> Option<Value>,
        base_namespace: &str,
        template: Option<&Base>,
    ) -> Option<Self> {
        let namespace = metadata.namespace.as_deref()?;
        if namespace == base_namespace {
            return None;
        }
        let stored = stored()?;
        let is_of = match template.map(|base| &base.state) {
            Some(State::Live(template)) => {
                let wanted = template.copy(kind, namespace);
                wanted::is_copied(kind, &wanted, &stored).then(|| Arc::clone(&template.mark))
            }
            _ => None,
        };
        let origin = metadata.annotations.as_ref().and_then(|all| all.get(COPIED_FROM));
        Some(Self {
            is_of,
            is_kept_by_user: wanted::is_kept_by_user(kind, &stored),
            is_ours: origin.is_some_and(|origin| origin == base_namespace),
        })
    }
}
