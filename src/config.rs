//! The configuration from its file and from the environment, with every error at its place. What the values mean is
//! for `policy::config`.

mod env;

use std::path::{Path, PathBuf};

use policy::Config;
use policy::config::{ConfigError, RawConfig};

use crate::yaml_place;

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
pub fn read(path: &Path) -> Result<String, LoadError> {
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
            Some(format!("{}:{}", path.display(), yaml_place::line_of(text, &error.field)))
        };
        let line = |error: ConfigError| match overlaid.name(&error).or_else(|| in_file(&error)) {
            Some(place) => format!("{place}: {error}"),
            None => error.to_string(),
        };
        LoadError::Invalid(errors.into_iter().map(line).collect())
    })
}

fn parse_file(path: &Path, text: &str) -> Result<RawConfig, LoadError> {
    let mut field = String::new();
    // An empty file, or one of comments, is a configuration in which nothing is set.
    let raw: Result<Option<RawConfig>, _> = serde_saphyr::with_deserializer_from_str(text, |deserializer| {
        serde_path_to_error::deserialize(deserializer).map_err(|error| {
            field = error.path().to_string();
            error.into_inner()
        })
    });
    raw.map(Option::unwrap_or_default).map_err(|error| {
        let line = error.location().map_or(1, |location| location.line());
        let text = error.without_snippet().to_string();
        let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(before, _)| before);
        // A syntax error belongs to no field.
        let field = if field.is_empty() || field.contains(['?']) || field == "." {
            String::new()
        } else {
            format!("{field}: ")
        };
        LoadError::Invalid(vec![format!("{}:{line}: {field}{text}", path.display())])
    })
}
