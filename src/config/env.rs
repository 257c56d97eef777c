//! The environment variables of the reference implementation, laid over the file.

use std::collections::BTreeMap;

use api::RawQuantity;
use policy::config::{ConfigError, RawConfig, RawReplicasPreset, RawResourcesPreset};
use serde::de::DeserializeOwned;

/// The field that a variable sets.
enum Target {
    Text(fn(&mut RawConfig) -> &mut Option<String>),
    Number(fn(&mut RawConfig) -> &mut Option<i32>),
    Quantity(fn(&mut RawConfig) -> &mut Option<RawQuantity>),
    /// A list, separated by commas.
    List(fn(&mut RawConfig) -> &mut Option<Vec<String>>),
    /// JSON, added to the presets of the file.
    ReplicasPresets(fn(&mut RawConfig) -> &mut ByName<RawReplicasPreset>),
    /// As [`Target::ReplicasPresets`].
    ResourcesPresets(fn(&mut RawConfig) -> &mut ByName<RawResourcesPreset>),
}

type ByName<T> = BTreeMap<String, Option<T>>;

/// A variable: its name, the path of the field that it stands for, the field.
#[rustfmt::skip]
const VARIABLES: [(&str, &str, Target); 13] = [
    ("WEBHOOK_DEFAULTING_FUNCTION_REPLICAS_DEFAULT_PRESET", "function.replicas.defaultPreset",
        Target::Text(|raw| &mut raw.function.replicas.default_preset)),
    ("WEBHOOK_DEFAULTING_FUNCTION_REPLICAS_PRESETS_MAP", "function.replicas.presets",
        Target::ReplicasPresets(|raw| &mut raw.function.replicas.presets)),
    ("WEBHOOK_DEFAULTING_FUNCTION_RESOURCES_DEFAULT_PRESET", "function.resources.defaultPreset",
        Target::Text(|raw| &mut raw.function.resources.default_preset)),
    ("WEBHOOK_DEFAULTING_FUNCTION_RESOURCES_PRESETS_MAP", "function.resources.presets",
        Target::ResourcesPresets(|raw| &mut raw.function.resources.presets)),
    ("WEBHOOK_DEFAULTING_BUILD_JOB_RESOURCES_DEFAULT_PRESET", "buildJob.resources.defaultPreset",
        Target::Text(|raw| &mut raw.build_job.resources.default_preset)),
    ("WEBHOOK_DEFAULTING_BUILD_JOB_RESOURCES_PRESETS_MAP", "buildJob.resources.presets",
        Target::ResourcesPresets(|raw| &mut raw.build_job.resources.presets)),
    ("WEBHOOK_DEFAULTING_RUNTIME", "defaultRuntime",
        Target::Text(|raw| &mut raw.default_runtime)),
    ("WEBHOOK_VALIDATION_RESERVED_ENVS", "reservedEnvs",
        Target::List(|raw| &mut raw.reserved_envs)),
    ("WEBHOOK_VALIDATION_FUNCTION_REPLICAS_MIN_VALUE", "function.replicas.minValue",
        Target::Number(|raw| &mut raw.function.replicas.min_value)),
    ("WEBHOOK_VALIDATION_FUNCTION_RESOURCES_MIN_REQUEST_CPU", "function.resources.minRequestCpu",
        Target::Quantity(|raw| &mut raw.function.resources.min_request_cpu)),
    ("WEBHOOK_VALIDATION_FUNCTION_RESOURCES_MIN_REQUEST_MEMORY", "function.resources.minRequestMemory",
        Target::Quantity(|raw| &mut raw.function.resources.min_request_memory)),
    ("WEBHOOK_VALIDATION_BUILD_JOB_RESOURCES_MIN_REQUEST_CPU", "buildJob.resources.minRequestCpu",
        Target::Quantity(|raw| &mut raw.build_job.resources.min_request_cpu)),
    ("WEBHOOK_VALIDATION_BUILD_JOB_RESOURCES_MIN_REQUEST_MEMORY", "buildJob.resources.minRequestMemory",
        Target::Quantity(|raw| &mut raw.build_job.resources.min_request_memory)),
];

impl Target {
    fn set(&self, raw: &mut RawConfig, text: &str) -> Result<(), String> {
        match self {
            Self::Text(field) => *field(raw) = Some(text.to_owned()),
            Self::Number(field) => {
                let number = text.parse().map_err(|_| format!("{text:?} must be a whole number"))?;
                *field(raw) = Some(number);
            }
            Self::Quantity(field) => *field(raw) = Some(text.into()),
            Self::List(field) => {
                let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
                *field(raw) = Some(names.map(str::to_owned).collect());
            }
            Self::ReplicasPresets(field) => add_presets(field(raw), text)?,
            Self::ResourcesPresets(field) => add_presets(field(raw), text)?,
        }
        Ok(())
    }
}

/// The names of all variables, with the field that each stands for.
pub fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
    VARIABLES.iter().map(|(name, field, _)| (*name, *field))
}

/// The variables that are set, by the field that each stands for.
pub(super) struct Overlaid(Vec<(&'static str, &'static str)>);

impl Overlaid {
    /// The variable that an error comes from, if it comes from one.
    pub(super) fn name(&self, error: &ConfigError) -> Option<String> {
        let comes_from = |field: &str| {
            error.field.strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.0.iter().find(|(_, field)| comes_from(field)).map(|(name, _)| (*name).to_owned())
    }
}

/// Lays all variables over the configuration. One that is empty counts as not set.
pub(super) fn overlay(
    raw: &mut RawConfig,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Overlaid, Vec<String>> {
    let mut problems = Vec::new();
    let mut overlaid = Vec::new();
    for (name, field, target) in VARIABLES {
        let Some(text) = variable(name).filter(|text| !text.trim().is_empty()) else { continue };
        overlaid.push((name, field));
        if let Err(problem) = target.set(raw, text.trim()) {
            problems.push(format!("{name}: {problem}"));
        }
    }
    if problems.is_empty() { Ok(Overlaid(overlaid)) } else { Err(problems) }
}

fn add_presets<T: DeserializeOwned>(
    presets: &mut BTreeMap<String, Option<T>>,
    json: &str,
) -> Result<(), String> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let added: ByName<T> = serde_path_to_error::deserialize(&mut deserializer)
        .map_err(|error| format!("must be JSON, presets by name: {}: {}", error.path(), error.inner()))?;
    presets.extend(added);
    Ok(())
}
