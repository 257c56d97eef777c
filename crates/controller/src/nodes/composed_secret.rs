//! The Secret that the agents of nodes read.

use api::names::container_registries::OF_NODES;
use decide::Kind;
use decide::nodes::compose::Composed;
use decide::owner::is_own;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt as _;
use serde_json::{Value, json};

use crate::own_object::OwnObject;

/// The Secret as it is wanted.
pub(super) fn wanted(namespace: &str, composed: &Composed) -> OwnObject {
    let encoded = |text: &str| json!(ByteString(text.as_bytes().to_vec()));
    let data: Value =
        composed.data().iter().map(|(key, text)| ((*key).to_owned(), encoded(text.reveal()))).collect();
    OwnObject::created(Kind::Secret, namespace, OF_NODES, &data)
}

/// What such a Secret holds: nothing, if it is somebody else's; `None`, if it cannot be read.
pub(super) fn read(secret: &Secret) -> Option<Composed> {
    if !is_own(secret.labels()) {
        return Some(Composed::default());
    }
    Composed::of_data(|key| std::str::from_utf8(&secret.data.as_ref()?.get(key)?.0).ok())
}
