//! A Secret with registries of nodes, as it is cached.

use api::names::container_registries::{CONFLICT, VALUES};
use decide::nodes::compose::{Source, registries_in};
use k8s_openapi::api::core::v1::{ObjectReference, Secret};
use kube::{Resource as _, ResourceExt as _};

/// A labelled Secret of the base namespace.
#[derive(Debug)]
pub(super) struct SourceSecret {
    /// What it says.
    pub(super) source: Source,
    /// What its annotation says of conflicts.
    pub(super) conflict: Option<String>,
    /// The Secret, for Events about it.
    pub(super) regarding: ObjectReference,
}

impl SourceSecret {
    /// Reads a Secret. What is wrong with it is logged, since the webhook refuses it.
    pub(super) fn of(secret: &Secret) -> Self {
        let name = secret.name_any();
        let values = secret.data.as_ref().and_then(|data| std::str::from_utf8(&data.get(VALUES)?.0).ok());
        let registries = values.and_then(registries_in);
        if registries.is_none() {
            tracing::warn!(
                secret = name,
                "the registries in a Secret are invalid: nodes keep what it configured before"
            );
        }
        Self {
            source: Source { name, registries },
            conflict: secret.annotations().get(CONFLICT).cloned(),
            regarding: secret.object_ref(&()),
        }
    }
}
