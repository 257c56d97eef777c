//! Manifests as their authors keep them: which are meant for us, and what the API server with its webhooks would do with each
//! when it is created. For the commands that work without a cluster.

mod fields;
mod judge;
mod near;
mod strict;
mod string_data;

use std::borrow::Cow;
use std::fmt;

use api::names::gardener::SHOOT;
use serde::Serialize;
use serde_json::Value;

use crate::rule::Rule;
use crate::violation::Violation;
pub use judge::{Judge, Judgement, MutateSecret};
use near::{CLUSTER_SCOPED, GROUPS, Group, SECRET_LABELS, is_judged_shoot};
pub use string_data::fold_string_data;

/// The object that a manifest describes.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Subject {
    /// Its kind.
    pub kind: String,
    /// Its namespace; empty if it is in none.
    pub namespace: String,
    /// Its name, or the prefix from which the API server generates one.
    pub name: String,
}

/// `Function default/demo`, `RegistryCache demo` without a namespace, and `RegistryConfig` without a name either.
impl fmt::Display for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() && self.name.is_empty() {
            return formatter.write_str(&self.kind);
        }
        let slash = if self.namespace.is_empty() { "" } else { "/" };
        write!(formatter, "{} {}{slash}{}", self.kind, self.namespace, self.name)
    }
}

/// A manifest of a kind that there are rules for.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// Its kind.
    pub kind: &'static str,
    /// Its namespace.
    pub namespace: String,
    /// Empty if the API server generates the name.
    pub name: String,
    /// The keys that are written in clear, in `stringData`.
    in_clear: Vec<String>,
    /// The object as the API server would have it before it asks.
    pub object: Value,
}

/// What a manifest is.
#[derive(Clone, Debug)]
pub enum Recognised {
    /// One that there are rules for.
    Ours(Manifest),
    /// One of our kinds, in a version that is not served.
    OtherVersion {
        /// The object.
        subject: Subject,
        /// What is wrong with its kind or version.
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
/// The kind of recorded questions to webhooks.
const REVIEW: &str = "AdmissionReview";

/// How values get rid of a newline at their end: encoded, and in clear.
const ENCODING: [(&str, &str); 2] = [
    ("encode it without a newline, with `echo -n` or printf", "write it as a block with |- in place of |"),
    ("encode it with `echo -n` or printf", "write it as a block with |- in place of |"),
];

impl Manifest {
    /// Finds out what an object is. One without a namespace is in the default one.
    #[must_use]
    pub fn recognise(mut object: Value, default_namespace: &str) -> Recognised {
        if let Some(problem) = malformed(&object) {
            return Recognised::Malformed(problem);
        }
        let text =
            |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (api_version, kind) = (text("/apiVersion"), text("/kind"));
        let name = text("/metadata/name");
        let mut namespace = text("/metadata/namespace");
        if CLUSTER_SCOPED.contains(&kind.as_str()) {
            namespace.clear();
        } else if namespace.is_empty() {
            default_namespace.clone_into(&mut namespace);
        }
        let subject = Subject { kind: kind.clone(), namespace: namespace.clone(), name: name.clone() };
        if kind == REVIEW || api_version.starts_with("audit.k8s.io/") {
            return Recognised::Near(
                "recorded reviews and audit logs are for serverless-webhook replay".into(),
            );
        }
        let (group, version) = match api_version.rsplit_once('/') {
            Some(parts) => parts,
            // The version is missing.
            None if GROUPS.iter().any(|group| group.name == api_version) => (api_version.as_str(), ""),
            None => ("", api_version.as_str()),
        };
        let is_known =
            |known: &&Group| known.name == group && (known.is_whole || known.kinds.contains(&&*kind));
        let kind = if let Some(ours) = GROUPS.iter().find(is_known) {
            let Some(kind) = ours.kinds.iter().copied().find(|known| *known == kind) else {
                let rule = Rule::KindUnsupported;
                let violation =
                    Violation::not_supported(rule, "kind", kind.as_str(), ours.kinds.iter().copied());
                return Recognised::OtherVersion { subject, violation };
            };
            if version != ours.version {
                let served = format!("{}/{}", ours.name, ours.version);
                let rule = Rule::ApiVersionUnsupported;
                let violation = Violation::not_supported(rule, "apiVersion", api_version.as_str(), [served]);
                return Recognised::OtherVersion { subject, violation };
            }
            if kind == SHOOT.kind {
                if !is_judged_shoot(&object) {
                    return Recognised::Other(subject.to_string());
                }
                set_namespace(&mut object, &namespace);
            }
            kind
        } else if api_version == "v1" && kind == SECRET && is_labelled_secret(&object) {
            SECRET
        } else {
            return match near::miss(&object, group, &kind, &name) {
                Some(problem) => Recognised::Near(format!("{subject}: {problem}")),
                None => Recognised::Other(subject.to_string()),
            };
        };
        let in_clear = object.get("stringData").and_then(Value::as_object);
        let in_clear = in_clear.map(|data| data.keys().cloned().collect()).unwrap_or_default();
        if kind == SECRET {
            fold_string_data(&mut object);
        }
        Recognised::Ours(Self { kind, namespace, name, in_clear, object })
    }

    /// The object.
    #[must_use]
    pub fn subject(&self) -> Subject {
        let generated =
            self.object.pointer("/metadata/generateName").and_then(Value::as_str).unwrap_or_default();
        let name = if self.name.is_empty() { generated } else { &self.name };
        Subject { kind: self.kind.to_owned(), namespace: self.namespace.clone(), name: name.to_owned() }
    }

    /// The field as the author wrote it. A key that is missing belongs where the others are.
    fn written<'a>(&self, field: &'a str) -> Cow<'a, str> {
        match field.strip_prefix("data.") {
            Some(key) if self.is_in_clear(key) => Cow::Owned(format!("stringData.{key}")),
            _ => Cow::Borrowed(field),
        }
    }

    /// The field of a violation and its problem, by the names that the author of the manifest wrote.
    #[must_use]
    pub fn as_written(&self, violation: &Violation) -> (String, String) {
        let problem = self.in_words_of_its_author(violation.problem.to_string());
        (self.written(&violation.field).into_owned(), problem)
    }

    fn is_in_clear(&self, key: &str) -> bool {
        let is_encoded = self.object.pointer("/data").and_then(|data| data.get(key)).is_some();
        self.in_clear.iter().any(|known| known == key) || (!is_encoded && !self.in_clear.is_empty())
    }

    /// What is said of a Secret, in the words of who writes its values in clear: nobody encodes those by hand.
    #[must_use]
    pub fn in_words_of_its_author(&self, text: String) -> String {
        let key = |text: &str| {
            text.strip_prefix("data.").and_then(|rest| rest.split(' ').next()).map(str::to_owned)
        };
        if self.in_clear.is_empty() || key(&text).is_some_and(|key| !self.is_in_clear(&key)) {
            return text;
        }
        let text = ENCODING.iter().fold(text, |text, (encoded, clear)| text.replace(encoded, clear));
        if text.starts_with("data.") { text.replacen("data.", "stringData.", 1) } else { text }
    }
}

fn is_labelled_secret(object: &Value) -> bool {
    let labels = object.pointer("/metadata/labels");
    let label = |key| labels.and_then(|labels| labels.get(key)).and_then(Value::as_str);
    SECRET_LABELS.iter().any(|(key, value)| label(*key) == Some(*value))
}

/// Writes the namespace of an object, whose rules look at it.
fn set_namespace(object: &mut Value, namespace: &str) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("namespace".to_owned(), namespace.into());
    }
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

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    /// What is said of a manifest of this version and kind.
    fn said(api_version: &str, kind: &str) -> String {
        let object = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "demo"}});
        match Manifest::recognise(object, "default") {
            Recognised::Ours(manifest) => format!("ours: {}", manifest.subject()),
            Recognised::OtherVersion { violation, .. } => violation.to_string(),
            Recognised::Malformed(text) | Recognised::Near(text) | Recognised::Other(text) => text,
        }
    }

    #[rstest]
    #[case::ours(
        "registry.mgoltzsche.github.com/v1alpha1",
        "ImagePushSecret",
        "ours: ImagePushSecret default/demo"
    )]
    #[case::in_no_namespace(
        "serverless.kyma-project.io/v1alpha1",
        "RegistryCache",
        "ours: RegistryCache demo"
    )]
    #[case::of_the_other_group("registry.mgoltzsche.github.com/v1alpha1", "Function", r#"kind: Unsupported value: "Function": supported values: "ImageRegistry", "ImageRegistryAccount", "ImagePushSecret", "ImagePullSecret", "ImageBuildEnv""#)]
    #[case::version("registry.mgoltzsche.github.com/v1", "ImageRegistry", r#"apiVersion: Unsupported value: "registry.mgoltzsche.github.com/v1": supported values: "registry.mgoltzsche.github.com/v1alpha1""#)]
    #[case::no_version("registry.mgoltzsche.github.com", "ImageRegistry", r#"apiVersion: Unsupported value: "registry.mgoltzsche.github.com": supported values: "registry.mgoltzsche.github.com/v1alpha1""#)]
    #[case::misspelt("registry.mgoltsche.github.com/v1alpha1", "ImageRegistry", r#"ImageRegistry default/demo: the group is "registry.mgoltsche.github.com": did you mean apiVersion: registry.mgoltzsche.github.com/v1alpha1?"#)]
    #[case::somebody_elses("example.com/v1", "ImageRegistry", "ImageRegistry default/demo")]
    #[case::of_gardener(
        "registry.extensions.gardener.cloud/v1alpha3",
        "RegistryConfig",
        "ours: RegistryConfig demo"
    )]
    #[case::older("registry.extensions.gardener.cloud/v1alpha2", "RegistryConfig", r#"apiVersion: Unsupported value: "registry.extensions.gardener.cloud/v1alpha2": supported values: "registry.extensions.gardener.cloud/v1alpha3""#)]
    #[case::another_kind_of_gardener("core.gardener.cloud/v1beta1", "Project", "Project default/demo")]
    #[case::shoot_without_caches("core.gardener.cloud/v1beta1", "Shoot", "Shoot default/demo")]
    fn kinds_of_registries_are_recognised(
        #[case] api_version: &str,
        #[case] kind: &str,
        #[case] expected: &str,
    ) {
        assert_eq!(said(api_version, kind), expected);
    }
}
