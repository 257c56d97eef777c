//! Reads a document of Gardener strictly: a field that its type does not have is refused, and so is a value of another type.

use api::names::gardener::Kind;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::decode::decode;
use crate::rule::Rule;
use crate::unknown::unknown_fields;
use crate::violation::{Problem, Value, Violation, Violations};

/// Where a document is.
pub(super) struct Place {
    /// The field that holds it; empty if it is an object by itself.
    path: String,
}

impl Place {
    /// By itself.
    pub(super) fn root() -> Self {
        Self { path: String::new() }
    }

    /// In an extension of a Shoot.
    pub(super) fn in_extension(index: usize) -> Self {
        Self { path: format!("spec.extensions[{index}].providerConfig") }
    }

    /// The document itself.
    pub(super) fn field(&self) -> &str {
        if self.path.is_empty() { "object" } else { &self.path }
    }

    /// A field of the document.
    pub(super) fn member(&self, field: &str) -> String {
        if self.path.is_empty() { field.to_owned() } else { format!("{}.{field}", self.path) }
    }

    /// That the document cannot be read, in the words of the original.
    fn unreadable(&self, field: String, value: Value, why: &str) -> Violation {
        let prefix = if self.path.is_empty() { "" } else { "failed to decode providerConfig: " };
        Violation::invalid(Rule::GardenerDecoding, field, value, format!("{prefix}{why}"))
    }

    /// That a value of the document cannot be read.
    pub(super) fn unreadable_value(&self, field: String, why: &str) -> Violation {
        self.unreadable(field, Value::Withheld, why)
    }
}

/// The document, if it can be read, and what keeps it from being read whole.
pub(super) fn read<T: DeserializeOwned>(
    place: &Place,
    document: &Json,
    kind: &Kind,
    violations: &mut Violations,
) -> Option<T> {
    if let Err(violation) = check_kind(place, document, kind) {
        violations.push(violation);
        return None;
    }
    for unknown in unknown_fields::<T>(document, "") {
        let why = format!("strict decoding error: unknown field {unknown:?}");
        violations.push(place.unreadable_value(place.member(&unknown), &why));
    }
    match decode(&document.to_string()) {
        Ok(document) => Some(document),
        Err(Violation { field, problem: Problem::Invalid(value, must), .. }) => {
            let field = if field == "object" { place.field().to_owned() } else { place.member(&field) };
            violations.push(place.unreadable(field, value, &must));
            None
        }
        Err(violation) => {
            violations.push(Violation { field: place.member(&violation.field), ..violation });
            None
        }
    }
}

/// The document, if it can be read at all.
pub(super) fn read_any<T: DeserializeOwned>(document: &Json, kind: &Kind) -> Option<T> {
    read(&Place::root(), document, kind, &mut Vec::new())
}

fn check_kind(place: &Place, document: &Json, known: &Kind) -> Result<(), Violation> {
    let text = |key: &str| document.get(key).and_then(Json::as_str).unwrap_or_default();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    let (field, why) = if !document.is_object() {
        (place.field().to_owned(), "must be an object".to_owned())
    } else if kind.is_empty() {
        (place.member("kind"), "Object 'Kind' is missing".to_owned())
    } else if api_version.is_empty() {
        (place.member("apiVersion"), "Object 'apiVersion' is missing".to_owned())
    } else if api_version != known.api_version() || kind != known.kind {
        let why = format!("no kind {kind:?} is registered for version {api_version:?}");
        (place.member("kind"), format!("{why}: it must be {} of {}", known.kind, known.api_version()))
    } else {
        return Ok(());
    };
    Err(place.unreadable_value(field, &why))
}
