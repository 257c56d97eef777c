//! The settings of a program: a file, variables of the environment laid over it, and a check of the whole, with every error
//! at its place. What the values mean is up to each program.

pub mod set;

use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use crate::yaml;

/// Why settings cannot be used. Each line names the place and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error("--config {}: {cause}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// The file, or a variable of the environment, is not what it should be.
    #[error("{}", .0.join("\n"))]
    Invalid(Vec<String>),
}

/// A variable of the environment.
#[derive(Clone, Copy, Debug)]
pub struct Variable<R> {
    name: &'static str,
    /// The path of the field that it stands for.
    field: &'static str,
    /// Sets that field; the error says what the text must be.
    set: fn(&mut R, &str) -> Result<(), String>,
}

impl<R> Variable<R> {
    /// A variable, the path of the field that it stands for, and how a text sets that field.
    pub const fn new(
        name: &'static str,
        field: &'static str,
        set: fn(&mut R, &str) -> Result<(), String>,
    ) -> Self {
        Self { name, field, set }
    }
}

/// How a program reads its settings: `R` as they are written, `C` as they are checked, `E` what is wrong with a field.
#[derive(Clone, Copy, Debug)]
pub struct Settings<R: 'static, C, E> {
    /// The variables, laid over the file in this order.
    pub variables: &'static [Variable<R>],
    /// Checks the whole.
    pub check: fn(R) -> Result<C, Vec<E>>,
    /// The path of the field that an error is about.
    pub field: fn(&E) -> &str,
}

/// Reads the file of settings.
///
/// # Errors
/// If it cannot be read.
pub fn read(path: &Path) -> Result<String, LoadError> {
    std::fs::read_to_string(path).map_err(|cause| LoadError::Read { path: path.to_owned(), cause })
}

impl<R: DeserializeOwned + Default, C, E: Display> Settings<R, C, E> {
    /// Reads the file, if there is one, lays the variables over it and checks the whole.
    ///
    /// # Errors
    /// A line for everything that is wrong.
    pub fn load(
        &self,
        path: Option<&Path>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<C, LoadError> {
        let Some(path) = path else { return self.parse(None, variable) };
        self.parse(Some((path, &read(path)?)), variable)
    }

    /// As [`Settings::load`], with the text of the file.
    ///
    /// # Errors
    /// A line for everything that is wrong.
    pub fn parse(
        &self,
        file: Option<(&Path, &str)>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<C, LoadError> {
        let mut raw = match file {
            Some((path, text)) => yaml::parse(text).map_err(|(line, problem)| {
                LoadError::Invalid(vec![format!("{}:{line}: {problem}", path.display())])
            })?,
            None => R::default(),
        };
        let overlaid = self.overlay(&mut raw, variable).map_err(LoadError::Invalid)?;
        (self.check)(raw).map_err(|errors| {
            let line = |error: &E| {
                let field = (self.field)(error);
                match overlaid_by(&overlaid, field).or_else(|| Some(place(file?, field))) {
                    Some(place) => format!("{place}: {error}"),
                    None => error.to_string(),
                }
            };
            LoadError::Invalid(errors.iter().map(line).collect())
        })
    }

    /// Lays the variables over what the file says. An empty one is treated as not set. Returns those that are set.
    fn overlay(
        &self,
        raw: &mut R,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Vec<&'static Variable<R>>, Vec<String>> {
        let (mut overlaid, mut problems) = (Vec::new(), Vec::new());
        for known in self.variables {
            let Some(text) = variable(known.name).filter(|text| !text.trim().is_empty()) else { continue };
            match (known.set)(raw, text.trim()) {
                Ok(()) => overlaid.push(known),
                Err(problem) => problems.push(format!("{}: {problem}", known.name)),
            }
        }
        if problems.is_empty() { Ok(overlaid) } else { Err(problems) }
    }
}

impl<R, C, E> Settings<R, C, E> {
    /// The names of all variables, with the field that each stands for.
    pub fn names(&self) -> impl Iterator<Item = (&'static str, &'static str)> + use<R, C, E> {
        self.variables.iter().map(|variable| (variable.name, variable.field))
    }

    /// What `--help` says of the variables.
    #[must_use]
    pub fn help(&self) -> String {
        let lines = self.names().map(|(name, field)| format!("  {name}\n      {field}\n"));
        let lines = lines.collect::<String>();
        format!("Environment variables that replace values of --config (an empty one is ignored):\n{lines}")
    }
}

/// The variable that set a field, or one of its parents; the last one if there are several.
fn overlaid_by<R>(overlaid: &[&Variable<R>], field: &str) -> Option<String> {
    let is_its = |variable: &&&Variable<R>| {
        field.strip_prefix(variable.field).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    overlaid.iter().rfind(is_its).map(|variable| variable.name.to_owned())
}

fn place((path, text): (&Path, &str), field: &str) -> String {
    format!("{}:{}", path.display(), yaml::line_of(text, field))
}

#[cfg(test)]
mod tests;
