//! What an API server finds wrong with a custom resource by the schema of its CRD, in the words of the API server. Rules in
//! CEL are not here: `policy` repeats each of them.

mod check;

use std::collections::BTreeMap;

use regex_lite::Regex;
use serde_json::Value as Json;

/// The members of an object that belong to the API server itself.
const OWN: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// A structural schema.
#[derive(Debug, Default)]
pub struct Schema {
    kind: Kind,
    is_nullable: bool,
    format: Option<String>,
    default: Option<Json>,
    required: Vec<String>,
    properties: BTreeMap<String, Schema>,
    /// The schema of members that have no name of their own.
    additional: Option<Box<Schema>>,
    items: Option<Box<Schema>>,
    /// Whether members that it does not name stay.
    keeps_unknown: bool,
    values: Vec<Json>,
    pattern: Option<Regex>,
    minimum: Option<f64>,
    maximum: Option<f64>,
    min_length: usize,
    max_length: Option<usize>,
    max_items: Option<usize>,
    max_properties: Option<usize>,
}

/// What a value can be.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Kind {
    #[default]
    Any,
    Object,
    Array,
    Text,
    Integer,
    Number,
    Boolean,
    IntegerOrText,
}

impl Schema {
    /// Reads a schema. What the schemas of this group do not use is not read.
    #[must_use]
    pub fn of(schema: &Json) -> Self {
        let member = |name: &str| schema.get(name);
        let is_set = |name: &str| member(name) == Some(&Json::Bool(true));
        let number = |name: &str| member(name).and_then(Json::as_f64);
        let count =
            |name: &str| member(name).and_then(Json::as_u64).and_then(|count| usize::try_from(count).ok());
        let text = |name: &str| member(name).and_then(Json::as_str);
        let list = |name: &str| member(name).and_then(Json::as_array).into_iter().flatten();
        let inner = |name: &str| {
            member(name).filter(|inner| inner.is_object()).map(|inner| Box::new(Self::of(inner)))
        };
        let properties = member("properties").and_then(Json::as_object).into_iter().flatten();
        let kind = match text("type") {
            _ if is_set("x-kubernetes-int-or-string") => Kind::IntegerOrText,
            Some("object") => Kind::Object,
            Some("array") => Kind::Array,
            Some("string") => Kind::Text,
            Some("integer") => Kind::Integer,
            Some("number") => Kind::Number,
            Some("boolean") => Kind::Boolean,
            _ => Kind::Any,
        };
        Self {
            kind,
            is_nullable: is_set("nullable"),
            format: text("format").map(str::to_owned),
            default: member("default").cloned(),
            required: list("required").filter_map(Json::as_str).map(str::to_owned).collect(),
            properties: properties.map(|(name, schema)| (name.clone(), Self::of(schema))).collect(),
            additional: inner("additionalProperties"),
            items: inner("items"),
            keeps_unknown: is_set("x-kubernetes-preserve-unknown-fields"),
            values: list("enum").cloned().collect(),
            // The API server refuses a CRD with a pattern that is none.
            pattern: text("pattern").and_then(|pattern| Regex::new(pattern).ok()),
            minimum: number("minimum"),
            maximum: number("maximum"),
            min_length: count("minLength").unwrap_or_default(),
            max_length: count("maxLength"),
            max_items: count("maxItems"),
            max_properties: count("maxProperties"),
        }
    }

    /// Does with an object what the API server does before anybody judges it: what must not be null is absent, and what is
    /// absent gets its default.
    pub fn prepare(&self, value: &mut Json) {
        match value {
            Json::Object(members) => {
                members.retain(|name, value| {
                    !value.is_null() || self.of_member(name).is_none_or(|schema| schema.is_nullable)
                });
                for (name, schema) in &self.properties {
                    if let Some(default) = &schema.default {
                        members.entry(name.as_str()).or_insert_with(|| default.clone());
                    }
                }
                for (name, value) in members {
                    if let Some(schema) = self.of_member(name) {
                        schema.prepare(value);
                    }
                }
            }
            Json::Array(items) => {
                for (item, schema) in items.iter_mut().zip(std::iter::repeat(self.items.as_deref())) {
                    if let Some(schema) = schema {
                        schema.prepare(item);
                    }
                }
            }
            _ => {}
        }
    }

    /// The names of the fields at a path such as `spec.env[0]`; none if the schema has no such place.
    pub(crate) fn fields(&self, path: &str) -> impl Iterator<Item = &str> {
        let mut segments = path.split('.').filter(|segment| !segment.is_empty());
        let place = segments.try_fold(self, |schema, segment| {
            let (name, index) = segment.split_once('[').unwrap_or((segment, ""));
            let field = schema.of_member(name)?;
            if index.is_empty() { Some(field) } else { field.items.as_deref() }
        });
        place.into_iter().flat_map(|place| place.properties.keys().map(String::as_str))
    }

    fn of_member(&self, name: &str) -> Option<&Self> {
        self.properties.get(name).or(self.additional.as_deref())
    }

    /// The members of an object, and of all that is in it, that the schema does not know, by their paths.
    #[must_use]
    pub fn unknown_fields(&self, object: &Json) -> Vec<String> {
        let mut unknown = Vec::new();
        for (name, value) in object.as_object().into_iter().flatten() {
            if let Some(schema) = self.properties.get(name) {
                schema.find_unknown(name, value, &mut unknown);
            } else if !OWN.contains(&name.as_str()) {
                unknown.push(name.clone());
            }
        }
        unknown
    }

    fn find_unknown(&self, path: &str, value: &Json, unknown: &mut Vec<String>) {
        match value {
            Json::Object(members) if self.kind == Kind::Object => {
                for (name, value) in members {
                    let path = format!("{path}.{name}");
                    match self.of_member(name) {
                        Some(schema) => schema.find_unknown(&path, value, unknown),
                        None if self.keeps_unknown => {}
                        None => unknown.push(path),
                    }
                }
            }
            Json::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    if let Some(schema) = &self.items {
                        schema.find_unknown(&format!("{path}[{index}]"), item, unknown);
                    }
                }
            }
            _ => {}
        }
    }
}
