//! What the API server says of a manifest before it asks any webhook: fields that no type has, as with
//! `kubectl --validate=strict`, its metadata, and the schema of its CRD.

use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;

use super::fields;
use super::near::GROUPS;
use crate::object_meta;
use crate::rule::Rule;
use crate::schema::Schema;
use crate::unknown::unknown_fields;
use crate::violation::Violation;

/// The schemas of the kinds.
#[derive(Debug)]
pub(super) struct Schemas(Vec<(&'static str, Schema)>);

/// What the API server found, and the object as it goes on with it.
pub(super) struct Judged {
    /// What no schema decides.
    pub(super) violations: Vec<Violation>,
    /// What the schema refuses.
    pub(super) by_schema: Vec<Violation>,
    /// The object, without what the schema found to be of a wrong type.
    pub(super) object: Value,
}

impl Schemas {
    pub(super) fn new() -> Self {
        let schema = |kind: &'static str| Some((kind, Schema::of(&api::schemas::of(kind)?)));
        Self(GROUPS.iter().flat_map(|group| group.kinds).copied().filter_map(schema).collect())
    }

    pub(super) fn judge(&self, kind: &str, mut object: Value) -> Judged {
        let schema = self.0.iter().find(|(known, _)| *known == kind).map(|(_, schema)| schema);
        let unknown = match schema {
            Some(schema) => {
                let mut unknown = schema.unknown_fields(&object);
                let metadata = object.get("metadata").unwrap_or(&Value::Null);
                unknown.extend(unknown_fields::<ObjectMeta>(metadata, "metadata."));
                unknown
            }
            None => unknown_fields::<Secret>(&object, ""),
        };
        let mut violations: Vec<_> = unknown.into_iter().map(|field| unknown_field(schema, field)).collect();
        let metadata = object_meta::check(object.get("metadata").unwrap_or(&Value::Null)).into_iter();
        // These have rules of their own for names.
        let is_ruled = |violation: &Violation| {
            ["Function", "ImageRegistry"].contains(&kind) && violation.field == "metadata.name"
        };
        violations.extend(metadata.filter(|violation| !is_ruled(violation)));
        let is_named = ["/metadata/name", "/metadata/generateName"]
            .iter()
            .any(|name| object.pointer(name).and_then(Value::as_str).is_some_and(|name| !name.is_empty()));
        if !is_named && kind != "Function" {
            violations.push(Violation::required(
                Rule::NameMissing,
                "metadata.name",
                "name or generateName is required",
            ));
        }
        let by_schema = schema.map_or_else(Vec::new, |schema| {
            schema.prepare(&mut object);
            schema.check(&mut object)
        });
        Judged { violations, by_schema, object }
    }
}

fn unknown_field(schema: Option<&Schema>, field: String) -> Violation {
    let hint = fields::nearest(schema, &field).map(|known| format!(": did you mean {known:?}?"));
    Violation::forbidden(Rule::UnknownField, field, format!("unknown field{}", hint.unwrap_or_default()))
}

impl Judged {
    /// Whether the schema has spoken of a field already, or of one that it is in.
    pub(super) fn covers(&self, field: &str) -> bool {
        let field = with_dots(field);
        self.by_schema.iter().any(|known| {
            let rest = field.strip_prefix(&known.field);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        })
    }
}

/// The path with keys of maps as the API server writes them: `labels.a` for `labels[a]`.
pub(super) fn with_dots(field: &str) -> String {
    let mut dotted = String::with_capacity(field.len());
    for (index, part) in field.split('[').enumerate() {
        match part.split_once(']') {
            Some((key, rest)) if key.parse::<usize>().is_err() => dotted.extend([".", key, rest]),
            _ if index > 0 => dotted.extend(["[", part]),
            _ => dotted.push_str(part),
        }
    }
    dotted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_maps_are_written_with_dots() {
        for (field, dotted) in [
            ("spec.labels[a.b/c]", "spec.labels.a.b/c"),
            ("spec.env[1].name", "spec.env[1].name"),
            ("spec", "spec"),
        ] {
            assert_eq!(with_dots(field), dotted);
        }
    }
}
