//! A manifest as its author keeps it, and the question that the API server makes of it.

use std::borrow::Cow;

use api::names::{GROUP, VERSION, registry_secret};
use policy::{Rule, Violation};
use process::manifests::{fold_string_data, send_whole_numbers};
use serde_json::{Value, json};

use super::near::{self, CUSTOM_KINDS};
use crate::admission::routes::Endpoint;
use crate::admission::wire::{API_VERSIONS, KIND};

/// A manifest of a kind that there are rules for.
pub(super) struct Manifest {
    pub(super) kind: &'static str,
    pub(super) namespace: String,
    /// Empty if the name is to be generated.
    pub(super) name: String,
    /// The keys that are written in clear, in `stringData`.
    in_clear: Vec<String>,
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
    /// No manifest at all: why.
    Malformed(String),
    /// Of another kind, but perhaps meant for us: what its author should know.
    Near(String),
    /// Of another kind, by its name.
    Other(String),
}

const SECRET: &str = "Secret";

/// How values get rid of a newline at their end: encoded, and in clear.
const ENCODING: [(&str, &str); 2] = [
    ("encode it without a newline, with `echo -n` or printf", "write it as a block with |- in place of |"),
    ("encode it with `echo -n` or printf", "write it as a block with |- in place of |"),
];

impl Manifest {
    pub(super) fn recognise(mut object: Value, default_namespace: &str) -> Recognised {
        if let Some(problem) = malformed(&object) {
            return Recognised::Malformed(problem);
        }
        send_whole_numbers(&mut object);
        let text =
            |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (api_version, kind) = (text("/apiVersion"), text("/kind"));
        let name = text("/metadata/name");
        let mut namespace = text("/metadata/namespace");
        if namespace.is_empty() {
            default_namespace.clone_into(&mut namespace);
        }
        let title = format!("{kind} {namespace}/{name}");
        if kind == KIND || api_version.starts_with("audit.k8s.io/") {
            return Recognised::Near(
                "recorded reviews and audit logs are for serverless-webhook replay".into(),
            );
        }
        let (group, version) = match api_version.rsplit_once('/') {
            Some(parts) => parts,
            // The version is missing.
            None if api_version == GROUP => (GROUP, ""),
            None => ("", api_version.as_str()),
        };
        let kind = if group == GROUP {
            let Some(kind) = CUSTOM_KINDS.into_iter().find(|known| *known == kind) else {
                let rule = Rule::KindUnsupported;
                let violation = Violation::not_supported(rule, "kind", kind.as_str(), CUSTOM_KINDS);
                return Recognised::OtherVersion { name: title, violation };
            };
            if version != VERSION {
                let served = format!("{GROUP}/{VERSION}");
                let rule = Rule::ApiVersionUnsupported;
                let violation = Violation::not_supported(rule, "apiVersion", api_version.as_str(), [served]);
                return Recognised::OtherVersion { name: title, violation };
            }
            kind
        } else if api_version == "v1" && kind == SECRET && is_registry_secret(&object) {
            SECRET
        } else {
            return match near::miss(&object, group, &kind, &name) {
                Some(problem) => Recognised::Near(format!("{title}: {problem}")),
                None => Recognised::Other(title),
            };
        };
        let in_clear = object.get("stringData").and_then(Value::as_object);
        let in_clear = in_clear.map(|data| data.keys().cloned().collect()).unwrap_or_default();
        if kind == SECRET {
            fold_string_data(&mut object);
        }
        Recognised::Ours(Self { kind, namespace, name, in_clear, object })
    }

    /// `Function default/demo`.
    pub(super) fn title(&self) -> String {
        let generated =
            self.object.pointer("/metadata/generateName").and_then(Value::as_str).unwrap_or_default();
        let name = if self.name.is_empty() { generated } else { &self.name };
        format!("{} {}/{name}", self.kind, self.namespace)
    }

    /// The field as the author wrote it. A key that is missing belongs where the others are.
    pub(super) fn written<'a>(&self, field: &'a str) -> Cow<'a, str> {
        match field.strip_prefix("data.") {
            Some(key) if self.is_in_clear(key) => Cow::Owned(format!("stringData.{key}")),
            _ => Cow::Borrowed(field),
        }
    }

    fn is_in_clear(&self, key: &str) -> bool {
        let is_encoded = self.object.pointer("/data").and_then(|data| data.get(key)).is_some();
        self.in_clear.iter().any(|known| known == key) || (!is_encoded && !self.in_clear.is_empty())
    }

    /// What is said of a Secret, in the words of who writes its values in clear: nobody encodes those by hand.
    pub(super) fn in_words_of_its_author(&self, text: String) -> String {
        let key = |text: &str| {
            text.strip_prefix("data.").and_then(|rest| rest.split(' ').next()).map(str::to_owned)
        };
        if self.in_clear.is_empty() || key(&text).is_some_and(|key| !self.is_in_clear(&key)) {
            return text;
        }
        let text = ENCODING.iter().fold(text, |text, (encoded, clear)| text.replace(encoded, clear));
        if text.starts_with("data.") { text.replacen("data.", "stringData.", 1) } else { text }
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

/// Why something is no manifest, as kubectl says it.
fn malformed(object: &Value) -> Option<String> {
    let Some(members) = object.as_object() else {
        return Some("not a manifest: it must have apiVersion, kind and metadata".to_owned());
    };
    let missing = |key: &&str| members.get(*key).and_then(Value::as_str).is_none_or(str::is_empty);
    let problem =
        |key: &str| match members.keys().find(|known| *known != key && known.eq_ignore_ascii_case(key)) {
            Some(known) => format!("{key} not set: did you mean {key} in place of {known}?"),
            None => format!("{key} not set"),
        };
    let problems: Vec<_> =
        ["apiVersion", "kind"].iter().filter(|key| missing(key)).map(|key| problem(key)).collect();
    (!problems.is_empty()).then(|| problems.join(", "))
}
