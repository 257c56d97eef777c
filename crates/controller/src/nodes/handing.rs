//! The Secret that the agents of nodes read.

use std::collections::BTreeMap;

use api::names::container_registries::{LABEL, OF_NODES, VALUES};
use cluster::Intent;
use decide::Kind;
use decide::nodes::compose::Composed;
use decide::nodes::render::values;
use decide::plan::Wanted;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use policy::container_registries::Host;
use serde_json::{Value, json};

use super::source;

/// Key of the names of the Secrets that hosts belong to, as JSON.
const OWNERS: &str = "owners";

/// The Secret as it is wanted.
pub(super) struct Handing(Wanted);

impl Handing {
    /// For what is composed.
    pub(super) fn new(namespace: &str, composed: &Composed) -> Self {
        let kind = Kind::Secret;
        let owners: Value = composed
            .owners
            .iter()
            .map(|(host, owner)| (host.to_string(), Value::from(owner.as_str())))
            .collect();
        let object = json!({
            "apiVersion": kind.api_version(),
            "kind": kind.as_str(),
            "metadata": {
                "name": OF_NODES,
                "namespace": namespace,
                "labels": {"app.kubernetes.io/name": "serverless-controller"},
            },
            "data": {
                (VALUES): encoded(values::render(&composed.registries).reveal()),
                (OWNERS): encoded(&owners.to_string()),
            },
        });
        Self(Wanted { kind, namespace: namespace.to_owned(), name: OF_NODES.to_owned(), object })
    }
}

fn encoded(text: &str) -> ByteString {
    ByteString(text.as_bytes().to_vec())
}

/// What such a Secret holds. What is broken in it is not there.
pub(super) fn read(secret: &Secret) -> Composed {
    let text = |key| std::str::from_utf8(&secret.data.as_ref()?.get(key)?.0).ok();
    let registries = text(VALUES).and_then(source::registries_in).unwrap_or_default();
    let owners: BTreeMap<String, String> =
        text(OWNERS).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let owners = owners.into_iter().filter_map(|(host, owner)| Some((Host::parse(&host).ok()?, owner)));
    Composed { registries, owners: owners.collect() }
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
