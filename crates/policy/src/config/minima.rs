//! Presets below the minima. The default preset must not be: a Function whose author writes nothing must be valid. Of the
//! others whoever runs the installation is warned, since every Function that chooses one of them is refused.

use super::checked::{Config, ResourceRules};
use super::errors::ConfigError;
use super::presets::{Replicas, Resources};
use crate::quantity::Quantity;

/// The path of the replicas.
pub(super) const REPLICAS: &str = "function.replicas";
/// The path of the resources of Functions.
pub(super) const FUNCTION: &str = "function.resources";
/// The path of the resources of builds.
pub(super) const BUILD: &str = "buildJob.resources";

/// The members of a preset below the minimum, each with a text such as `5m is less than …minRequestCpu, 10m`.
pub(super) fn of_resources(
    preset: Resources,
    (min_cpu, min_memory): (Quantity, Quantity),
    path: &str,
) -> Vec<(&'static str, String)> {
    let members = [
        ("requestCpu", preset.cpu.request, min_cpu, "minRequestCpu"),
        ("limitCpu", preset.cpu.limit, min_cpu, "minRequestCpu"),
        ("requestMemory", preset.memory.request, min_memory, "minRequestMemory"),
        ("limitMemory", preset.memory.limit, min_memory, "minRequestMemory"),
    ];
    let below = members.into_iter().filter(|(_, value, minimum, _)| value < minimum);
    below
        .map(|(member, value, minimum, of)| (member, format!("{value} is less than {path}.{of}, {minimum}")))
        .collect()
}

/// As [`of_resources`], of replicas.
pub(super) fn of_replicas(preset: Replicas, minimum: i32) -> Vec<(&'static str, String)> {
    let members = [("min", preset.min), ("max", preset.max)];
    let below = members.into_iter().filter(|(_, value)| *value < minimum);
    below
        .map(|(member, value)| (member, format!("{value} is less than {REPLICAS}.minValue, {minimum}")))
        .collect()
}

impl Config {
    /// The presets that no valid Function can choose, each with the path of its field.
    #[must_use]
    pub fn presets_below_minimum(&self) -> Vec<ConfigError> {
        let replicas = self
            .replicas
            .all()
            .map(|(name, preset)| (REPLICAS, name, of_replicas(preset, self.min_replicas)));
        let resources =
            [(FUNCTION, &self.function), (BUILD, &self.build)].into_iter().flat_map(|(path, rules)| {
                let ResourceRules { presets, min_cpu, min_memory } = rules;
                presets.all().map(move |(name, preset)| {
                    (path, name, of_resources(preset, (*min_cpu, *min_memory), path))
                })
            });
        let error = |(path, name, below): (&str, &str, Vec<(&str, String)>)| -> Vec<ConfigError> {
            let error = |(member, problem): (&str, String)| ConfigError {
                field: format!("{path}.presets.{name}.{member}"),
                problem: format!("{problem}: every Function that chooses this preset is refused"),
            };
            below.into_iter().map(error).collect()
        };
        replicas.chain(resources).flat_map(error).collect()
    }
}
