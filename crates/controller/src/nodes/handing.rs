//! The Secret that the agents of nodes read.

use api::names::container_registries::{LABEL, OF_NODES, VALUES};
use cluster::Intent;
use decide::Kind;
use decide::plan::Wanted;
use k8s_openapi::ByteString;
use policy::container_registries::HiddenText;
use serde_json::{Value, json};

/// The Secret as it is wanted.
pub(super) struct Handing(Wanted);

impl Handing {
    /// With these values.
    pub(super) fn new(namespace: &str, values: &HiddenText) -> Self {
        let kind = Kind::Secret;
        let object = json!({
            "apiVersion": kind.api_version(),
            "kind": kind.as_str(),
            "metadata": {
                "name": OF_NODES,
                "namespace": namespace,
                "labels": {"app.kubernetes.io/name": "serverless-controller"},
            },
            "data": {(VALUES): ByteString(values.reveal().as_bytes().to_vec())},
        });
        Self(Wanted { kind, namespace: namespace.to_owned(), name: OF_NODES.to_owned(), object })
    }
}

impl Intent for Handing {
    fn wanted(&self) -> &Wanted {
        &self.0
    }

    /// A Secret with the label is one that somebody writes.
    fn is_ours(&self, stored: &Value) -> bool {
        stored.pointer("/metadata/labels").and_then(|labels| labels.get(LABEL)).is_none()
    }

    fn is_done(&self, stored: &Value) -> bool {
        stored.get("data") == self.0.object.get("data")
    }
}
