//! From the configuration as written to the checked one: quantities parsed, presets complete, all that is wrong
//! reported together with the path of its field.

use std::collections::BTreeMap;
use std::fmt::Display;

use api::RawQuantity;
use api::names::preset_label;

use super::raw::{RawConfig, RawReplicas, RawReplicasPreset, RawResources, RawResourcesPreset};
use super::{Config, ResourceRules, builtin};
use crate::presets::{Presets, Replicas, RequestAndLimit, Resources};
use crate::quantity::Quantity;

/// A field of the configuration that cannot be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct ConfigError {
    /// The path of the field, such as `function.replicas.defaultPreset`.
    pub field: String,
    /// What is wrong with it, and the remedy.
    pub problem: String,
}

/// What is wrong so far. A check that fails answers with `None` and goes on to the next.
#[derive(Default)]
struct Errors(Vec<ConfigError>);

impl Errors {
    fn add<T>(&mut self, field: impl Into<String>, problem: impl Display) -> Option<T> {
        self.0.push(ConfigError { field: field.into(), problem: problem.to_string() });
        None
    }
}

impl RawConfig {
    /// Checks everything and fills in the built-in values.
    pub fn check(self) -> Result<Config, Vec<ConfigError>> {
        let mut errors = Errors::default();
        let config = check(self, &mut errors);
        match config {
            Some(config) if errors.0.is_empty() => Ok(config),
            _ => Err(errors.0),
        }
    }
}

fn check(raw: RawConfig, errors: &mut Errors) -> Option<Config> {
    let min_replicas = raw.function.replicas.min_value.unwrap_or(builtin::MIN_REPLICAS);
    if min_replicas < 1 {
        errors.add::<()>("function.replicas.minValue", "must be at least 1");
    }
    let replicas = check_replicas(raw.function.replicas, min_replicas, errors);
    let function = check_resources(
        raw.function.resources,
        &builtin::FUNCTION,
        preset_label::FUNCTION_RESOURCES,
        "function.resources",
        errors,
    );
    let build = check_resources(
        raw.build_job.resources,
        &builtin::BUILD,
        preset_label::BUILD_RESOURCES,
        "buildJob.resources",
        errors,
    );
    let runtimes = overlay(builtin::runtimes(), raw.runtimes);
    let default_runtime = raw.default_runtime.unwrap_or_else(|| builtin::DEFAULT_RUNTIME.to_owned());
    if !runtimes.contains_key(&default_runtime) {
        errors.add::<()>("defaultRuntime", unknown("runtime", &default_runtime, runtimes.keys()));
    }
    let reserved_envs = raw.reserved_envs.map_or_else(
        || builtin::RESERVED_ENVS.map(str::to_owned).into(),
        |names| names.into_iter().collect(),
    );
    Some(Config {
        replicas: replicas?,
        min_replicas,
        function: function?,
        build: build?,
        runtimes: runtimes.into_iter().map(|(name, runtime)| (name, runtime.language)).collect(),
        default_runtime,
        reserved_envs,
        git_urls: raw.git_urls.unwrap_or_default(),
    })
}

/// Adds the user's entries to the built-in ones or puts them in their place; null takes one away.
fn overlay<T>(mut builtin: BTreeMap<String, T>, entries: BTreeMap<String, Option<T>>) -> BTreeMap<String, T> {
    for (name, entry) in entries {
        match entry {
            Some(entry) => builtin.insert(name, entry),
            None => builtin.remove(&name),
        };
    }
    builtin
}

fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a String>) -> String {
    let known = known.map(String::as_str).collect::<Vec<_>>().join(", ");
    format!("there is no {what} {name:?}; there are: {known}")
}

fn check_replicas(raw: RawReplicas, min_value: i32, errors: &mut Errors) -> Option<Presets<Replicas>> {
    let path = "function.replicas";
    let presets = overlay(builtin::replicas_presets(), raw.presets);
    let default_name = raw.default_preset.unwrap_or_else(|| builtin::DEFAULT_REPLICAS_PRESET.to_owned());
    let Some(default) = presets.get(&default_name).copied() else {
        return errors.add(format!("{path}.defaultPreset"), unknown("preset", &default_name, presets.keys()));
    };
    let at = format!("{path}.presets.{default_name}");
    let (Some(min), Some(max)) = (default.min, default.max) else {
        return errors.add(at, "the default preset must set min and max");
    };
    for (member, value) in [("min", min), ("max", max)] {
        if value < min_value {
            errors.add::<()>(
                format!("{at}.{member}"),
                format!("the default preset must not be below the minimum: {value} is less than {path}.minValue, {min_value}"),
            );
        }
    }
    let complete = |preset: RawReplicasPreset| Replicas {
        min: preset.min.unwrap_or(min),
        max: preset.max.unwrap_or(max),
    };
    let presets: BTreeMap<_, _> =
        presets.into_iter().map(|(name, preset)| (name, complete(preset))).collect();
    for (name, Replicas { min, max }) in &presets {
        if min > max {
            errors.add::<()>(
                format!("{path}.presets.{name}"),
                format!("min ({min}) must not be greater than max ({max})"),
            );
        }
    }
    Presets::new(preset_label::REPLICAS, default_name, presets)
}

fn check_resources(
    raw: RawResources,
    builtin: &builtin::ResourcesGroup,
    label: &'static str,
    path: &str,
    errors: &mut Errors,
) -> Option<ResourceRules> {
    let mut minimum = |raw: Option<RawQuantity>, builtin: &str, member: &str| {
        quantity(&raw.unwrap_or_else(|| builtin.into()), &format!("{path}.{member}"), errors)
    };
    let min_cpu = minimum(raw.min_request_cpu, builtin.min_cpu, "minRequestCpu");
    let min_memory = minimum(raw.min_request_memory, builtin.min_memory, "minRequestMemory");

    let raw_presets = overlay(builtin.presets(), raw.presets);
    let presets: BTreeMap<_, _> = raw_presets
        .iter()
        .map(|(name, preset)| {
            (name.clone(), Partial::check(preset, &format!("{path}.presets.{name}"), errors))
        })
        .collect();
    let default_name = raw.default_preset.unwrap_or_else(|| builtin.default_preset.to_owned());
    let Some(default) = presets.get(&default_name).copied() else {
        return errors.add(format!("{path}.defaultPreset"), unknown("preset", &default_name, presets.keys()));
    };
    let at = format!("{path}.presets.{default_name}");
    let Some(default) = default?.all() else {
        return errors
            .add(at, "the default preset must set requestCpu, requestMemory, limitCpu and limitMemory");
    };
    let (min_cpu, min_memory) = (min_cpu?, min_memory?);
    for (member, value, minimum, of) in [
        ("requestCpu", default.cpu.request, min_cpu, "minRequestCpu"),
        ("limitCpu", default.cpu.limit, min_cpu, "minRequestCpu"),
        ("requestMemory", default.memory.request, min_memory, "minRequestMemory"),
        ("limitMemory", default.memory.limit, min_memory, "minRequestMemory"),
    ] {
        if value < minimum {
            errors.add::<()>(
                format!("{at}.{member}"),
                format!("the default preset must not be below the minimum: {value} is less than {path}.{of}, {minimum}"),
            );
        }
    }
    let complete = |(name, preset): (String, Option<Partial>)| Some((name, preset?.or(default)));
    let presets = presets.into_iter().map(complete).collect::<Option<BTreeMap<_, _>>>()?;
    for (name, preset) in &presets {
        for (what, RequestAndLimit { request, limit }) in [("Cpu", preset.cpu), ("Memory", preset.memory)] {
            if request > limit {
                errors.add::<()>(
                    format!("{path}.presets.{name}"),
                    format!("request{what} ({request}) must not be greater than limit{what} ({limit})"),
                );
            }
        }
    }
    Some(ResourceRules { presets: Presets::new(label, default_name, presets)?, min_cpu, min_memory })
}

/// A preset of which members may still be missing.
#[derive(Clone, Copy)]
struct Partial {
    request_cpu: Option<Quantity>,
    request_memory: Option<Quantity>,
    limit_cpu: Option<Quantity>,
    limit_memory: Option<Quantity>,
}

impl Partial {
    /// `None` if a member cannot be used.
    fn check(raw: &RawResourcesPreset, path: &str, errors: &mut Errors) -> Option<Self> {
        let before = errors.0.len();
        let mut member = |raw: Option<&RawQuantity>, name: &str| {
            raw.and_then(|raw| quantity(raw, &format!("{path}.{name}"), errors))
        };
        let preset = Self {
            request_cpu: member(raw.request_cpu.as_ref(), "requestCpu"),
            request_memory: member(raw.request_memory.as_ref(), "requestMemory"),
            limit_cpu: member(raw.limit_cpu.as_ref(), "limitCpu"),
            limit_memory: member(raw.limit_memory.as_ref(), "limitMemory"),
        };
        (errors.0.len() == before).then_some(preset)
    }

    fn all(self) -> Option<Resources> {
        Some(Resources {
            cpu: RequestAndLimit { request: self.request_cpu?, limit: self.limit_cpu? },
            memory: RequestAndLimit { request: self.request_memory?, limit: self.limit_memory? },
        })
    }

    fn or(self, default: Resources) -> Resources {
        Resources {
            cpu: RequestAndLimit {
                request: self.request_cpu.unwrap_or(default.cpu.request),
                limit: self.limit_cpu.unwrap_or(default.cpu.limit),
            },
            memory: RequestAndLimit {
                request: self.request_memory.unwrap_or(default.memory.request),
                limit: self.limit_memory.unwrap_or(default.memory.limit),
            },
        }
    }
}

fn quantity(raw: &RawQuantity, field: &str, errors: &mut Errors) -> Option<Quantity> {
    let text = raw.text();
    match Quantity::parse(&text) {
        Ok(quantity) if quantity.is_negative() => errors.add(field, format!("{text:?} must not be negative")),
        Ok(quantity) => Some(quantity),
        Err(error) => errors.add(field, format!("{text:?} {error}")),
    }
}
