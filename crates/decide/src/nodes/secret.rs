//! The Secret that holds the registries of nodes: the webhook writes the files of nodes into it.

use std::collections::BTreeMap;

use api::names::container_registries::HASH;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use json_patch::jsonptr::PointerBuf;
use json_patch::{AddOperation, PatchOperation, RemoveOperation, ReplaceOperation};
use policy::container_registries::{HiddenText, ValidSecret, judge};
use policy::{Decision, Rule, SECRET_DATA_MAX, SecretObject, Violation, Warning, text};
use serde_json::{Value, json};

use super::files::Rendered;
use super::render::{containerd_config, hosts, kubeadm};
use super::secret_keys::secret_key;
use super::version::Version;

/// The last versions that do not have to read `hosts.toml`.
const OF_CONTAINERD_CONFIG: Version = Version::new(1, 7, 0);

/// The field that holds the values.
const FIELD: &str = "data.values";
/// The most losses that a warning names.
const NAMED: usize = 5;

/// Checks a Secret and writes the files of nodes into it; `old` is the Secret before an UPDATE.
#[must_use]
pub fn mutate(new: &SecretObject<'_>, old: Option<&SecretObject<'_>>, now: Timestamp) -> Decision {
    let judged = judge(new, old, now);
    let mut decision = judged.decision;
    let Some(valid) = judged.valid else { return decision };
    let Rendered { files, losses } = render(&valid);
    let wanted: BTreeMap<_, _> = files.0.iter().map(|(path, text)| (secret_key(path), text)).collect();
    let size: usize = wanted.values().map(|text| text.reveal().len()).sum();
    let kept = valid.data.iter().filter(|(key, _)| !is_written(key)).map(|(_, value)| value.len());
    if size + kept.sum::<usize>() > SECRET_DATA_MAX {
        if valid.has_same_data {
            return decision;
        }
        let why = "the files of nodes and the values are more than 1 MiB: split them into two Secrets";
        decision.violations.push(Violation::forbidden(Rule::RenderedTooLarge, FIELD, why));
        return decision;
    }
    if !valid.is_known {
        decision.warnings.extend(older_configuration(losses));
    }
    decision.patch = patch(&valid, &wanted, &files.hash());
    decision
}

/// What a node needs, in the formats that read whole files: `hosts.toml` for each host, the older `registry-config.toml`,
/// and the list that makes Cluster API write them. With what the older file cannot express.
fn render(valid: &ValidSecret) -> Rendered {
    let mut files = hosts::render(&valid.registries, hosts::Options::default()).files;
    let older = containerd_config::render(&valid.registries, OF_CONTAINERD_CONFIG);
    files.0.extend(older.files.0);
    if let Some(name) = &valid.name {
        files.0.extend(kubeadm::render(&valid.registries, name).files.0);
    }
    Rendered { files, losses: older.losses }
}

/// What the author of the values should know of the older file.
fn older_configuration(losses: Vec<String>) -> Option<Warning> {
    let shown = text::first(losses, NAMED);
    let file = containerd_config::FILE_NAME;
    (!shown.is_empty()).then(|| {
        let text = format!(
            "{FIELD}: {file}, for containerd 1.x without config_path, leaves something out: {}",
            shown.join("; ")
        );
        Warning::new(Rule::OlderConfiguration, text)
    })
}

/// Whether a key is one that only the webhook writes. Keys of hosts that are no longer there are removed.
fn is_written(key: &str) -> bool {
    // `docker.io.ca-0a1b2c3d.pem`, and `ca-0a1b2c3d.pem` beside the older file.
    let name = key.strip_suffix(".pem").map(|name| name.rsplit_once('.').map_or(name, |(_, last)| last));
    let is_hash = |hash: &str| hash.len() == 8 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    key.ends_with(".hosts.toml")
        || name.and_then(|name| name.strip_prefix("ca-")).is_some_and(is_hash)
        || [containerd_config::FILE_NAME, kubeadm::FILE_NAME].contains(&key)
}

fn patch(valid: &ValidSecret, wanted: &BTreeMap<String, &HiddenText>, hash: &str) -> Vec<PatchOperation> {
    let at = |key: &str| PointerBuf::from_tokens(["data", key]);
    let stale = valid.data.keys().filter(|key| is_written(key) && !wanted.contains_key(*key));
    let mut operations: Vec<_> =
        stale.map(|key| PatchOperation::Remove(RemoveOperation { path: at(key) })).collect();
    for (key, text) in wanted {
        let encoded = || Value::String(BASE64.encode(text.reveal()));
        match valid.data.get(key) {
            Some(present) if present.as_slice() == text.reveal().as_bytes() => {}
            Some(_) => operations.push(replace(at(key), encoded())),
            None => operations.push(add(at(key), encoded())),
        }
    }
    let annotation = PointerBuf::from_tokens(["metadata", "annotations", HASH]);
    match &valid.hash {
        Some(present) if present == hash => {}
        Some(_) => operations.push(replace(annotation, hash.into())),
        None if valid.has_annotations => operations.push(add(annotation, hash.into())),
        None => {
            let path = PointerBuf::from_tokens(["metadata", "annotations"]);
            operations.push(add(path, json!({ HASH: hash })));
        }
    }
    operations
}

fn add(path: PointerBuf, value: Value) -> PatchOperation {
    PatchOperation::Add(AddOperation { path, value })
}

fn replace(path: PointerBuf, value: Value) -> PatchOperation {
    PatchOperation::Replace(ReplaceOperation { path, value })
}

#[cfg(test)]
mod tests;
