//! How objects and their changes are shown: as YAML without anything of a Secret or an environment variable.

use serde_json::Value;
use similar::TextDiff;

/// The annotation in which kubectl keeps a copy of the whole object.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What a patch has made of an object, as a unified diff of YAML. `None` if that is nothing.
pub(super) fn diff(object: &Value, patched: &Value) -> Option<String> {
    if object == patched {
        return None;
    }
    let (mut before, mut after) = (object.clone(), patched.clone());
    hide(&mut after, Some(object));
    hide(&mut before, None);
    let (before, after) = (yaml(&before), yaml(&after));
    Some(TextDiff::from_lines(&before, &after).unified_diff().context_radius(2).to_string())
}

fn yaml(value: &Value) -> String {
    serde_saphyr::to_string(value).unwrap_or_default()
}

/// Puts a size in the place of each value that must not be shown; `before` tells which of them have changed.
fn hide(object: &mut Value, before: Option<&Value>) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        // Long, and of no interest to people.
        metadata.remove("managedFields");
        if let Some(value) =
            metadata.get_mut("annotations").and_then(|annotations| annotations.get_mut(LAST_APPLIED))
        {
            *value = size(value, "");
        }
    }
    for map in ["data", "stringData"] {
        for (key, value) in object.get_mut(map).and_then(Value::as_object_mut).into_iter().flatten() {
            let was = before.and_then(|before| before.get(map)?.get(key));
            let changed = if was.is_some_and(|was| was != value) { ", changed" } else { "" };
            *value = size(value, changed);
        }
    }
    let env = object.get_mut("spec").and_then(|spec| spec.get_mut("env")).and_then(Value::as_array_mut);
    for variable in env.into_iter().flatten() {
        if let Some(value) = variable.get_mut("value") {
            *value = size(value, "");
        }
    }
}

/// `(N bytes)`, of what is encoded if it is base64.
fn size(value: &Value, remark: &str) -> Value {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let bytes = base64_length(&text).unwrap_or(text.len());
    format!("({bytes} bytes{remark})").into()
}

/// The length of what is encoded, if it is base64.
fn base64_length(text: &str) -> Option<usize> {
    policy::base64::decode(text).map(|bytes| bytes.len())
}
