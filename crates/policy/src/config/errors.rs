//! What is wrong with a configuration, each with the path of its field.

use std::fmt::Display;

/// A field of the configuration that cannot be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct ConfigError {
    /// The path of the field, such as `function.replicas.defaultPreset`.
    pub field: String,
    /// What is wrong with it, and the remedy.
    pub problem: String,
}

/// The errors so far. A check that fails returns `None`, and the next one runs.
#[derive(Default)]
pub(super) struct Errors(pub(super) Vec<ConfigError>);

impl Errors {
    pub(super) fn add<T>(&mut self, field: impl Into<String>, problem: impl Display) -> Option<T> {
        self.0.push(ConfigError { field: field.into(), problem: problem.to_string() });
        None
    }
}

/// The problem of an unknown name.
pub(super) fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a String>) -> String {
    let known = known.map(String::as_str).collect::<Vec<_>>().join(", ");
    format!("there is no {what} {name:?}; there are: {known}")
}
