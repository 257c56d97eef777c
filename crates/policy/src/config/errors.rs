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

/// What is wrong so far. A check that fails answers with `None` and goes on to the next.
#[derive(Default)]
pub(super) struct Errors(pub(super) Vec<ConfigError>);

impl Errors {
    pub(super) fn add<T>(&mut self, field: impl Into<String>, problem: impl Display) -> Option<T> {
        self.0.push(ConfigError { field: field.into(), problem: problem.to_string() });
        None
    }
}

/// The problem of a name that is none of those that there are.
pub(super) fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a String>) -> String {
    let known = known.map(String::as_str).collect::<Vec<_>>().join(", ");
    format!("there is no {what} {name:?}; there are: {known}")
}
