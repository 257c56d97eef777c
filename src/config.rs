//! The configuration from its file and from the environment, with every error at its place. What the values mean is
//! for `policy::config`.

mod env;

use std::path::{Path, PathBuf};

use policy::Config;
use policy::config::{ConfigError, RawConfig};
use process::yaml;

pub use env::names as env_names;

/// Why the configuration cannot be used. Each line names the place and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error("--config {}: {cause}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// The file, or a variable of the environment, is not what it should be.
    #[error("{}", lines(.0))]
    Invalid(Vec<String>),
}

fn lines(problems: &[String]) -> String {
    problems.join("\n")
}

/// Reads the file, if there is one, lays the variables of the reference implementation over it and checks the whole.
pub fn load(path: Option<&Path>, variable: impl Fn(&str) -> Option<String>) -> Result<Config, LoadError> {
    let Some(path) = path else { return parse(None, variable) };
    parse(Some((path, &read(path)?)), variable)
}

/// Reads the file.
pub(crate) fn read(path: &Path) -> Result<String, LoadError> {
    std::fs::read_to_string(path).map_err(|cause| LoadError::Read { path: path.to_owned(), cause })
}

/// As [`load`], with the text of the file.
pub fn parse(
    file: Option<(&Path, &str)>,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Config, LoadError> {
    let mut raw = match file {
        Some((path, text)) => parse_file(path, text)?,
        None => RawConfig::default(),
    };
    let overlaid = env::overlay(&mut raw, variable).map_err(LoadError::Invalid)?;
    raw.check().map_err(|errors| {
        let in_file = |error: &ConfigError| {
            let (path, text) = file?;
            Some(format!("{}:{}", path.display(), yaml::line_of(text, &error.field)))
        };
        let line = |error: ConfigError| match overlaid.name(&error).or_else(|| in_file(&error)) {
            Some(place) => format!("{place}: {error}"),
            None => error.to_string(),
        };
        LoadError::Invalid(errors.into_iter().map(line).collect())
    })
}

fn parse_file(path: &Path, text: &str) -> Result<RawConfig, LoadError> {
    yaml::parse(text)
        .map_err(|(line, problem)| LoadError::Invalid(vec![format!("{}:{line}: {problem}", path.display())]))
}
