//! The configuration from its file and from the environment, with every error at its place. What the values mean is
//! for `policy::config`.

mod env;

use std::io::ErrorKind;
use std::path::Path;

use policy::Config;
use policy::config::{ConfigError, Installed, RawConfig};
use process::settings::Settings;

pub use process::settings::{LoadError, read};

/// How the configuration is read.
pub const SETTINGS: Settings<RawConfig, Config, ConfigError> =
    Settings { variables: &env::VARIABLES, check: RawConfig::check, field: |error| &error.field };

/// How the file of the runtimes that are installed is read.
const RUNTIMES: Settings<Installed, Installed, ConfigError> =
    Settings { variables: &[], check: Ok, field: |error| &error.field };

/// Reads the file, if there is one, lays the variables of the reference implementation over it and checks the whole.
pub fn load(path: Option<&Path>, variable: impl Fn(&str) -> Option<String>) -> Result<Config, LoadError> {
    SETTINGS.load(path, variable)
}

/// Warns of presets that no valid Function can choose.
pub fn warn(config: &Config) {
    for preset in config.presets_below_minimum() {
        tracing::warn!("--config: {preset}");
    }
}

/// As [`load`], with the text of the file.
pub fn parse(
    file: Option<(&Path, &str)>,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Config, LoadError> {
    SETTINGS.parse(file, variable)
}

/// Reads the file of the runtimes that are installed; `None` if there is none.
pub fn read_runtimes(path: &Path) -> Result<Option<String>, LoadError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(LoadError::Invalid(vec![format!("--runtimes-file {}: {error}", path.display())])),
    }
}

/// The runtimes of such a file; none without one.
pub fn parse_runtimes(path: &Path, text: Option<&str>) -> Result<Installed, LoadError> {
    RUNTIMES.parse(text.map(|text| (path, text)), |_| None)
}
