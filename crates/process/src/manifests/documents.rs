//! A document of a file, with its places and the objects in it.

use std::cell::OnceCell;

use serde_json::{Map, Value};

use super::lines::is_blank;
use crate::yaml::Places;

/// A document: one of those that a file holds.
#[derive(Debug)]
pub struct Document {
    /// The line at which its text begins, from 1.
    line: usize,
    text: String,
    places: OnceCell<Places>,
    /// Its content.
    pub value: Value,
}

/// A document that cannot be read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{text}")]
pub struct Unreadable {
    /// What is wrong: what was expected, never what was there.
    pub text: String,
    /// The line, from 1, at which that is.
    pub line: usize,
}

impl Document {
    pub(super) fn new(line: usize, text: String, value: Value) -> Self {
        Self { line, text, places: OnceCell::new(), value }
    }

    /// Takes the objects out of it, each with the path that leads to it: those of a list (`items[0].`) or of an array (`[0].`),
    /// or the one that it is.
    pub fn take_objects(&mut self) -> Vec<(String, Value)> {
        let mut objects = Vec::new();
        unpack(String::new(), self.value.take(), &mut objects);
        objects
    }

    /// Its text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The line of the object that `path` leads to.
    #[must_use]
    pub fn line_of_object(&self, path: &str) -> usize {
        if path.is_empty() {
            // What most documents are is found without reading them again.
            let is_content = |line: &str| !is_blank(line.trim_start());
            return self.line + self.text.lines().position(is_content).unwrap_or_default();
        }
        self.line_of(path)
    }

    /// The line of the field at `path` (`spec.env[0].name`), or of the innermost of its parents that is there.
    #[must_use]
    pub fn line_of(&self, path: &str) -> usize {
        self.line - 1 + self.places.get_or_init(|| Places::of(&self.text)).line_of(path)
    }
}

fn unpack(path: String, value: Value, objects: &mut Vec<(String, Value)>) {
    let (prefix, items) = match value {
        Value::Array(items) => ("", items),
        Value::Object(mut members) if is_list(&members) => match members.remove("items") {
            Some(Value::Array(items)) => ("items", items),
            _ => return,
        },
        object => return objects.push((path, object)),
    };
    for (index, item) in items.into_iter().enumerate() {
        unpack(format!("{path}{prefix}[{index}]."), item, objects);
    }
}

/// Whether this is a `List`, a `FunctionList` or the like.
fn is_list(members: &Map<String, Value>) -> bool {
    let kind = members.get("kind").and_then(Value::as_str).unwrap_or_default();
    kind.ends_with("List") && members.get("items").is_some_and(Value::is_array)
}
