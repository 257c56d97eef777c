//! Reads the value `containerRegistries` as people write it, and finds all that is wrong with it.

mod caches;
mod credentials;
mod endpoint;
mod reader;
mod registries;

use jiff::Timestamp;

use super::model::Registries;
use super::tree::{NotYaml, Tree};
use super::warnings;
use crate::decision::Warning;
use crate::rule::Rule;
use crate::violation::{Value, Violation};
use reader::{Reader, member};
pub use registries::CONTAINER_REGISTRIES;

/// Where values files hold the value: the keys that lead to it.
const PLACES: [&[&str]; 4] =
    [&["connectivity"], &["global", "connectivity"], &["global", "components", "containerd"], &[]];

/// The keys there that are read.
const KNOWN: [&str; 3] = [CONTAINER_REGISTRIES, caches::LOCAL, caches::OF_MANAGEMENT_CLUSTER];

/// What a text says.
#[derive(Debug, Default)]
pub struct Reading {
    /// What nodes pull from. Incomplete if there are violations.
    pub registries: Registries,
    /// All that is wrong, in the order of the text. No text holds a credential.
    pub violations: Vec<Violation>,
    /// What its author should know, if nothing is wrong. No text holds a credential.
    pub warnings: Vec<Warning>,
}

/// Reads values. A certificate of an authority must not have expired at `now`.
#[must_use]
pub fn read(text: &str, now: Timestamp) -> Reading {
    read_in("", text, now)
}

/// Reads values that are the text of a field, with whose path all paths begin.
pub(super) fn read_in(field: &str, text: &str, now: Timestamp) -> Reading {
    let mut reader = Reader::new(now);
    let root = match Tree::parse(text) {
        Ok(root) => root,
        Err(error) => {
            reader.violations.push(not_yaml(field, &error));
            return Reading { violations: reader.violations, ..Reading::default() };
        }
    };
    let (parent, path) = match find(&root, field) {
        Ok(found) => found,
        Err(violation) => {
            return Reading { violations: vec![violation], ..Reading::default() };
        }
    };
    let value = member(&path, CONTAINER_REGISTRIES);
    let mut registries = registries::read(&mut reader, parent.get(CONTAINER_REGISTRIES), &value);
    caches::add(&mut reader, &mut registries, &root, parent, [field, &path]);
    if let Tree::Map(members) = parent {
        let misspelt = members.iter().filter(|(key, _)| registries::is_misspelt(key));
        reader.violations.extend(misspelt.map(|(key, _)| unknown(&path, key)));
    }
    let violations = reader.violations;
    // About something that is wrong, warnings would be wrong, too.
    let warnings = if violations.is_empty() { warnings::of(&registries, &value) } else { Vec::new() };
    Reading { registries, violations, warnings }
}

/// The map that holds the value, with its path.
fn find<'a>(root: &'a Tree, field: &str) -> Result<(&'a Tree, String), Violation> {
    let mut found: Option<(&Tree, String, &str)> = None;
    for place in PLACES {
        let path = place.iter().fold(field.to_owned(), |path, key| member(&path, key));
        let Some(parent) = place.iter().try_fold(root, |tree, key| tree.get(key)) else { continue };
        let members = if let Tree::Map(members) = parent { members.as_slice() } else { &[] };
        let keys = members.iter().filter(|(_, value)| !value.is_null()).map(|(key, _)| key.as_str());
        let Some(key) = key_of(keys.clone()).or_else(|| near_key_of(keys)) else { continue };
        if let Some((_, of_first, first)) = found {
            let first_field = member(&of_first, first);
            let why = if first == key {
                format!("{first_field} is there already: write it once")
            } else {
                format!("{first_field} is in another place: write both in one place")
            };
            return Err(Violation::forbidden(Rule::ContainerRegistriesMissing, member(&path, key), why));
        }
        found = Some((parent, path, key));
    }
    found.map(|(parent, path, _)| (parent, path)).ok_or_else(|| {
        let what_for =
            "it is read at the top, in connectivity, in global.connectivity and in global.components.containerd";
        Violation::required(
            Rule::ContainerRegistriesMissing,
            member(field, CONTAINER_REGISTRIES),
            what_for,
        )
    })
}

/// What a document is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Document {
    /// Values with the registries of nodes.
    Values,
    /// Values with a key that is almost one of theirs, and what is wrong with it.
    Near(String),
    /// Something else.
    Other,
}

/// Whether a document holds the value, or one of its siblings, in one of the places where values files hold it.
#[must_use]
pub fn recognise(document: &serde_json::Value) -> Document {
    if ["apiVersion", "kind"].iter().any(|key| document.get(key).is_some()) {
        return Document::Other;
    }
    let mut near = None;
    for place in PLACES {
        let parent = place.iter().try_fold(document, |value, key| value.get(key));
        let Some(members) = parent.and_then(|parent| parent.as_object()) else { continue };
        let keys = members.iter().filter(|(_, value)| !value.is_null()).map(|(key, _)| key.as_str());
        if key_of(keys.clone()).is_some() {
            return Document::Values;
        }
        let path = place.iter().fold(String::new(), |path, key| member(&path, key));
        near = near.or_else(|| near_key_of(keys).map(|key| unknown(&path, key).to_string()));
    }
    near.map_or(Document::Other, Document::Near)
}

/// The first of the keys of a map that is read.
fn key_of<'a>(keys: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut keys = keys.filter(|key| KNOWN.contains(key));
    keys.next()
}

/// The first of the keys of a map that is almost the key of the value.
fn near_key_of<'a>(keys: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut keys = keys.filter(|key| registries::is_misspelt(key));
    keys.next()
}

fn unknown(path: &str, name: &str) -> Violation {
    let why = format!("there is no such key: did you mean {CONTAINER_REGISTRIES}?");
    Violation::forbidden(Rule::ContainerRegistriesKey, member(path, name), why)
}

fn not_yaml(field: &str, error: &NotYaml) -> Violation {
    let field = if field.is_empty() { CONTAINER_REGISTRIES } else { field };
    let must = format!("{} (line {})", error.must, error.line);
    Violation::invalid(Rule::ContainerRegistriesYaml, field, Value::Withheld, must)
}

#[cfg(test)]
mod tests;
