//! Manifests that no rule is for, but which look as if they were meant for us: what is misspelt is skipped by the API
//! server's webhooks without a word, and here too.

use api::names::{GROUP, VERSION, cache, container_registries, gardener, registry, registry_secret};
use serde_json::Value;

/// A group of kinds that there are rules for.
pub(super) struct Group {
    /// Its name.
    pub(super) name: &'static str,
    /// The version that there are rules for.
    pub(super) version: &'static str,
    /// The kinds that there are rules for.
    pub(super) kinds: &'static [&'static str],
    /// Whether the group has no other kinds.
    pub(super) is_whole: bool,
}

const fn of_gardener(kind: &gardener::Kind, kinds: &'static [&'static str]) -> Group {
    Group { name: kind.group, version: kind.version, kinds, is_whole: false }
}

/// The groups.
pub(super) const GROUPS: [Group; 5] = [
    Group {
        name: GROUP,
        version: VERSION,
        kinds: &["Function", "GitRepository", "RegistryCache"],
        is_whole: true,
    },
    Group {
        name: registry::GROUP,
        version: registry::VERSION,
        kinds: &[
            "ImageRegistry",
            "ImageRegistryAccount",
            "ImagePushSecret",
            "ImagePullSecret",
            "ImageBuildEnv",
        ],
        is_whole: true,
    },
    of_gardener(&gardener::REGISTRY_CONFIG, &[gardener::REGISTRY_CONFIG.kind]),
    of_gardener(&gardener::MIRROR_CONFIG, &[gardener::MIRROR_CONFIG.kind]),
    of_gardener(&gardener::SHOOT, &[gardener::SHOOT.kind]),
];
/// The kinds whose objects are in no namespace.
pub(super) const CLUSTER_SCOPED: [&str; 3] =
    ["RegistryCache", gardener::REGISTRY_CONFIG.kind, gardener::MIRROR_CONFIG.kind];
/// The extensions of a Shoot that there are rules for.
const EXTENSIONS: [&str; 2] = [gardener::REGISTRY_CACHE, gardener::REGISTRY_MIRROR];

/// Whether there are rules for a Shoot: it has one of the extensions.
pub(super) fn is_judged_shoot(shoot: &Value) -> bool {
    let extensions = shoot.pointer("/spec/extensions").and_then(Value::as_array);
    let kinds = extensions.into_iter().flatten().filter_map(|extension| extension.get("type")?.as_str());
    kinds.into_iter().any(|kind| EXTENSIONS.contains(&kind))
}

/// The labels that make a Secret ours.
pub(super) const SECRET_LABELS: [(&str, &str); 3] = [
    (registry_secret::LABEL, registry_secret::LABEL_VALUE),
    (container_registries::LABEL, container_registries::LABEL_VALUE),
    (cache::CREDENTIALS, cache::CREDENTIALS_VALUE),
];
/// How many characters of a name can be wrong.
const DISTANCE_MAX: usize = 4;

/// What the author of an object of another kind should know.
pub(super) fn miss(object: &Value, group: &str, kind: &str, name: &str) -> Option<String> {
    let is_meant = |known: &&Group| {
        known.kinds.iter().any(|known| known.eq_ignore_ascii_case(kind))
            && strsim::levenshtein(group, known.name) <= DISTANCE_MAX
    };
    if let Some(Group { name, version, .. }) = GROUPS.iter().find(is_meant) {
        return Some(format!("the group is {group:?}: did you mean apiVersion: {name}/{version}?"));
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
