//! Manifests that no rule is for, but which look as if they were meant for us: what is misspelt is skipped by the API
//! server's webhooks without a word, and here too.

use api::names::{GROUP, VERSION, container_registries, registry_secret};
use serde_json::Value;

/// The kinds of our group.
pub(crate) const CUSTOM_KINDS: [&str; 2] = ["Function", "GitRepository"];
/// The labels that make a Secret ours.
pub(super) const SECRET_LABELS: [(&str, &str); 2] = [
    (registry_secret::LABEL, registry_secret::LABEL_VALUE),
    (container_registries::LABEL, container_registries::LABEL_VALUE),
];
/// How many characters of a name can be wrong.
const DISTANCE_MAX: usize = 4;

/// What the author of an object of another kind should know.
pub(super) fn miss(object: &Value, group: &str, kind: &str, name: &str) -> Option<String> {
    let is_kind = CUSTOM_KINDS.iter().any(|known| known.eq_ignore_ascii_case(kind));
    if is_kind && strsim::levenshtein(group, GROUP) <= DISTANCE_MAX {
        return Some(format!("the group is {group:?}: did you mean apiVersion: {GROUP}/{VERSION}?"));
    }
    if kind != "Secret" || !group.is_empty() {
        return None;
    }
    let labels = object.pointer("/metadata/labels").and_then(Value::as_object);
    for (wanted, value) in SECRET_LABELS {
        let is_near = |label: &str| strsim::levenshtein(label, wanted) <= DISTANCE_MAX;
        if let Some((label, found)) = labels.into_iter().flatten().find(|(label, _)| is_near(label)) {
            let found = found.as_str().unwrap_or_default();
            return Some(format!("its label is {label}: {found:?}: did you mean {wanted}: {value}?"));
        }
    }
    let wanted = format!("{}: {}", registry_secret::LABEL, registry_secret::LABEL_VALUE);
    let is_named = [registry_secret::NAME, registry_secret::DEFAULT_NAME].contains(&name);
    is_named.then(|| format!("a Secret of this name is used only with the label {wanted}"))
}
