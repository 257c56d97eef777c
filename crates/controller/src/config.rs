//! The configuration of the controller, from its file and from the environment. Every error names its place.

mod caches;
mod check;
mod checked;
mod env;
mod errors;
mod image_registries;
mod raw;

use std::path::Path;

use policy::config::ConfigError;
use process::settings::{LoadError, Settings};

pub use caches::Caches;
pub use checked::{Config, Propagation};
pub use image_registries::{ForFunctions, ImageRegistries};
pub use raw::RawConfig;

/// How the configuration is read.
pub const SETTINGS: Settings<RawConfig, Config, ConfigError> =
    Settings { variables: &env::VARIABLES, check: RawConfig::check, field: |error| &error.field };

/// Reads the file, if there is one, overrides it with the variables of the reference implementation, and checks the
/// result.
///
/// # Errors
/// One line for each error, with its place and the remedy.
pub fn load(path: Option<&Path>, variable: impl Fn(&str) -> Option<String>) -> Result<Config, LoadError> {
    SETTINGS.load(path, variable)
}

#[cfg(test)]
mod tests;
