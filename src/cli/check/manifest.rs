//! A manifest as its author keeps it, and the question that the API server makes of it.

use std::borrow::Cow;

use api::names::{GROUP, VERSION, registry_secret};
use policy::{Rule, Violation};
use process::manifests::fold_string_data;
use serde_json::{Value, json};

use crate::admission::routes::Endpoint;
use crate::admission::wire::{API_VERSIONS, KIND};

/// A manifest of a kind that there are rules for.
pub(super) struct Manifest {
    pub(super) kind: &'static str,
    pub(super) namespace: String,
    /// Empty if the name is to be generated.
    pub(super) name: String,
    /// Whether its values are written in clear, in `stringData`.
    pub(super) in_clear: bool,
    /// The object as the API server would have it before it asks.
    pub(super) object: Value,
}

/// What a manifest is.
pub(super) enum Recognised {
    Ours(Manifest),
    /// One of our kinds, in a version that is not served.
    OtherVersion {
        name: String,
        violation: Violation,
    },
    Other,
}

const CUSTOM_KINDS: [&str; 2] = ["Function", "GitRepository"];
const SECRET: &str = "Secret";

impl Manifest {
    pub(super) fn recognise(mut object: Value, default_namespace: &str) -> Recognised {
        let text =
            |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (api_version, kind) = (text("/apiVersion"), text("/kind"));
        let (name, generate_name) = (text("/metadata/name"), text("/metadata/generateName"));
        let mut namespace = text("/metadata/namespace");
        if namespace.is_empty() {
            default_namespace.clone_into(&mut namespace);
        }
        let (group, version) = api_version.rsplit_once('/').unwrap_or(("", &api_version));
        let served = format!("{GROUP}/{VERSION}");
        let kind = if group == GROUP {
            let Some(kind) = CUSTOM_KINDS.into_iter().find(|known| *known == kind) else {
                let violation =
                    Violation::not_supported(Rule::KindUnsupported, "kind", kind.as_str(), CUSTOM_KINDS);
                return Recognised::OtherVersion { name: format!("{kind} {namespace}/{name}"), violation };
            };
            if version != VERSION {
                let rule = Rule::ApiVersionUnsupported;
                let violation = Violation::not_supported(rule, "apiVersion", api_version.as_str(), [served]);
                return Recognised::OtherVersion { name: format!("{kind} {namespace}/{name}"), violation };
            }
            kind
        } else if api_version == "v1" && kind == SECRET && is_registry_secret(&object) {
            SECRET
        } else {
            return Recognised::Other;
        };
        let in_clear = kind == SECRET && object.get("stringData").is_some();
        if kind == SECRET {
            fold_string_data(&mut object);
        }
        let name = if name.is_empty() && !generate_name.is_empty() { String::new() } else { name };
        Recognised::Ours(Self { kind, namespace, name, in_clear, object })
    }

    /// `Function default/demo`.
    pub(super) fn title(&self) -> String {
        let generated =
            self.object.pointer("/metadata/generateName").and_then(Value::as_str).unwrap_or_default();
        let name = if self.name.is_empty() { generated } else { &self.name };
        format!("{} {}/{name}", self.kind, self.namespace)
    }

    /// The field as the author wrote it.
    pub(super) fn written<'a>(&self, field: &'a str) -> Cow<'a, str> {
        match field.strip_prefix("data.") {
            Some(key) if self.in_clear => Cow::Owned(format!("stringData.{key}")),
            _ => Cow::Borrowed(field),
        }
    }

    /// The question about its creation, of `object` as it has become.
    pub(super) fn question(&self, endpoint: &Endpoint, object: &Value) -> Value {
        let resource = &endpoint.resource;
        json!({
            "apiVersion": API_VERSIONS[0],
            "kind": KIND,
            "request": {
                "uid": "check",
                "kind": {"group": resource.group, "version": resource.version, "kind": resource.kind},
                "resource": {"group": resource.group, "version": resource.version, "resource": resource.plural},
                "name": self.name,
                "namespace": self.namespace,
                "operation": "CREATE",
                "object": object,
            },
        })
    }
}

fn is_registry_secret(object: &Value) -> bool {
    let labels = object.pointer("/metadata/labels");
    let label = labels.and_then(|labels| labels.get(registry_secret::LABEL)).and_then(Value::as_str);
    label == Some(registry_secret::LABEL_VALUE)
}
