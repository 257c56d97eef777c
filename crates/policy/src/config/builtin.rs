//! The built-in configuration: the tables of the documents.

use std::collections::BTreeMap;

use api::runtimes::{SHIPPED, Shipped};

use super::raw::{RawReplicasPreset, RawResourcesPreset, RawRuntime};

/// The built-in runtime of a Function that names none.
pub(super) const DEFAULT_RUNTIME: &str = "nodejs12";

/// Names of environment variables that the runtime sets itself.
pub(super) const RESERVED_ENVS: [&str; 6] =
    ["FUNC_RUNTIME", "FUNC_HANDLER", "FUNC_PORT", "MOD_NAME", "NODE_PATH", "PYTHONPATH"];

pub(super) const MIN_REPLICAS: i32 = 1;
pub(super) const DEFAULT_REPLICAS_PRESET: &str = "S";

const REPLICAS: [(&str, i32, i32); 4] = [("S", 1, 1), ("M", 1, 2), ("L", 1, 5), ("XL", 1, 10)];

/// Built-in values of a group of compute resources.
pub(super) struct ResourcesGroup {
    pub(super) min_cpu: &'static str,
    pub(super) min_memory: &'static str,
    pub(super) default_preset: &'static str,
    /// Name, request of CPU, request of memory, limit of CPU, limit of memory.
    presets: &'static [(&'static str, &'static str, &'static str, &'static str, &'static str)],
}

pub(super) const FUNCTION: ResourcesGroup = ResourcesGroup {
    min_cpu: "10m",
    min_memory: "16Mi",
    default_preset: "M",
    presets: &[
        ("XS", "10m", "16Mi", "25m", "32Mi"),
        ("S", "25m", "32Mi", "50m", "64Mi"),
        ("M", "50m", "64Mi", "100m", "128Mi"),
        ("L", "100m", "128Mi", "200m", "256Mi"),
        ("XL", "200m", "256Mi", "400m", "512Mi"),
    ],
};

pub(super) const BUILD: ResourcesGroup = ResourcesGroup {
    min_cpu: "200m",
    min_memory: "200Mi",
    default_preset: "normal",
    presets: &[
        ("local-dev", "200m", "200Mi", "400m", "400Mi"),
        ("slow", "400m", "400Mi", "700m", "700Mi"),
        ("normal", "700m", "700Mi", "1100m", "1100Mi"),
        ("fast", "1100m", "1100Mi", "1700m", "1700Mi"),
    ],
};

pub(super) fn replicas_presets() -> BTreeMap<String, RawReplicasPreset> {
    REPLICAS
        .iter()
        .map(|&(name, min, max)| (name.to_owned(), RawReplicasPreset { min: Some(min), max: Some(max) }))
        .collect()
}

pub(super) fn runtimes() -> BTreeMap<String, RawRuntime> {
    let runtime = |shipped: &Shipped| RawRuntime {
        language: shipped.language,
        deprecated: shipped.deprecated.map(|(why, _)| why.to_owned()),
        successor: shipped.deprecated.map(|(_, successor)| successor.to_owned()),
    };
    SHIPPED.iter().map(|shipped| (shipped.name.to_owned(), runtime(shipped))).collect()
}

impl ResourcesGroup {
    pub(super) fn presets(&self) -> BTreeMap<String, RawResourcesPreset> {
        let preset = |&(name, request_cpu, request_memory, limit_cpu, limit_memory): &(
            &str,
            &str,
            &str,
            &str,
            &str,
        )| {
            let preset = RawResourcesPreset {
                request_cpu: Some(request_cpu.into()),
                request_memory: Some(request_memory.into()),
                limit_cpu: Some(limit_cpu.into()),
                limit_memory: Some(limit_memory.into()),
            };
            (name.to_owned(), preset)
        };
        self.presets.iter().map(preset).collect()
    }
}

/// Adds the user's entries to the built-in ones or puts them in their place; null takes one away.
pub(super) fn overlay<T>(
    mut builtin: BTreeMap<String, T>,
    entries: BTreeMap<String, Option<T>>,
) -> BTreeMap<String, T> {
    for (name, entry) in entries {
        match entry {
            Some(entry) => builtin.insert(name, entry),
            None => builtin.remove(&name),
        };
    }
    builtin
}
