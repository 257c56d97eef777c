//! From the configuration as written to the checked one: quantities parsed, presets complete, all that is wrong
//! reported together with the path of its field.

use api::names::preset_label;

use super::checked::Config;
use super::errors::{ConfigError, Errors, unknown};
use super::minima::{BUILD, FUNCTION};
use super::raw::RawConfig;
use super::{builtin, replicas, resources};

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
    let replicas = replicas::check(raw.function.replicas, min_replicas, errors);
    let function = resources::check(
        raw.function.resources,
        &builtin::FUNCTION,
        preset_label::FUNCTION_RESOURCES,
        FUNCTION,
        errors,
    );
    let build = resources::check(
        raw.build_job.resources,
        &builtin::BUILD,
        preset_label::BUILD_RESOURCES,
        BUILD,
        errors,
    );
    let configured_runtimes = raw.runtimes.keys().cloned().collect();
    let runtimes = builtin::overlay(builtin::runtimes(), raw.runtimes);
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
        runtimes: runtimes.into_iter().map(|(name, runtime)| (name, runtime.into())).collect(),
        configured_runtimes,
        default_runtime,
        reserved_envs,
        git_urls: raw.git_urls.unwrap_or_default(),
    })
}
