//! The configuration of the controller: from its file and from the environment, with every error at its place.

mod check;
mod checked;
mod env;
mod raw;

use std::path::Path;

use process::yaml;

pub use check::ConfigError;
pub use checked::{Config, Propagation};
pub use env::names as env_names;
pub use raw::RawConfig;

/// Reads the file, if there is one, lays the variables of the reference implementation over it and checks the whole.
///
/// # Errors
/// A line for everything that is wrong, with its place and the remedy.
pub fn load(path: Option<&Path>, variable: impl Fn(&str) -> Option<String>) -> Result<Config, String> {
    let file = match path {
        Some(path) => {
            let text = std::fs::read_to_string(path);
            Some((path, text.map_err(|error| format!("--config {}: {error}", path.display()))?))
        }
        None => None,
    };
    let mut raw = match &file {
        Some((path, text)) => {
            yaml::parse(text).map_err(|(line, problem)| format!("{}:{line}: {problem}", path.display()))?
        }
        None => RawConfig::default(),
    };
    let set = env::overlay(&mut raw, variable).map_err(|errors| errors.join("\n"))?;
    raw.check().map_err(|errors| {
        let place = |error: &ConfigError| {
            let name = set.iter().rfind(|(field, _)| *field == error.field);
            let in_file = |(path, text): &(&Path, String)| {
                format!("{}:{}: ", path.display(), yaml::line_of(text, &error.field))
            };
            name.map(|(_, name)| format!("{name}: "))
                .or_else(|| file.as_ref().map(in_file))
                .unwrap_or_default()
        };
        let lines: Vec<_> = errors.iter().map(|error| format!("{}{error}", place(error))).collect();
        lines.join("\n")
    })
}

#[cfg(test)]
mod tests;
