//! Refuses values as a schema does, in the words of the API server.

use std::fmt::Write as _;

use serde_json::Value as Json;

use super::{Kind, Schema};
use crate::rule::Rule;
use crate::violation::{Value, Violation, Violations};

impl Schema {
    /// All that is wrong with an object. What is of a wrong type is taken out of it, so that rules can judge the rest.
    #[must_use]
    pub fn check(&self, object: &mut Json) -> Vec<Violation> {
        let mut violations = Vec::new();
        self.visit("", object, &mut violations);
        violations
    }

    /// Whether the value is of the right type: otherwise it is taken out, with the list that it is in.
    fn visit(&self, path: &str, value: &mut Json, violations: &mut Violations) -> bool {
        if value.is_null() && self.is_nullable {
            if !self.values.is_empty() && !self.values.contains(value) {
                violations.push(Violation::not_supported(
                    Rule::SchemaValue,
                    path,
                    "null",
                    self.values.iter().map(as_text),
                ));
            }
            return true;
        }
        if !self.kind.is_of(value) {
            let found = type_of(value);
            let rule = format!("{path} in body must be of type {}: {found:?}", self.kind.name());
            violations.push(Violation::invalid(Rule::SchemaType, path, found, rule));
            return false;
        }
        if !self.values.is_empty() && !self.values.contains(value) {
            let found = value.as_str().unwrap_or_default();
            violations.push(Violation::not_supported(
                Rule::SchemaValue,
                path,
                found,
                self.values.iter().map(as_text),
            ));
        }
        match value {
            Json::Object(members) => {
                if let Some(max) = self.max_properties.filter(|max| members.len() > *max) {
                    violations.push(Violation::too_many(path, members.len(), max));
                }
                for name in self.required.iter().filter(|name| !members.contains_key(*name)) {
                    violations.push(Violation::required(Rule::SchemaRequired, member_path(path, name), ""));
                }
                members.retain(|name, value| match self.of_member(name) {
                    Some(schema) => schema.visit(&member_path(path, name), value, violations),
                    None => true,
                });
                true
            }
            Json::Array(items) => {
                if let Some(max) = self.max_items.filter(|max| items.len() > *max) {
                    violations.push(Violation::too_many(path, items.len(), max));
                }
                let Some(schema) = &self.items else { return true };
                let mut all = true;
                for (index, item) in items.iter_mut().enumerate() {
                    all &= schema.visit(&format!("{path}[{index}]"), item, violations);
                }
                all
            }
            Json::String(text) => {
                self.check_text(path, text, violations);
                true
            }
            Json::Number(number) => self.check_number(path, number, violations),
            _ => true,
        }
    }

    fn check_text(&self, path: &str, text: &str, violations: &mut Violations) {
        let length = text.chars().count();
        if let Some(max) = self.max_length.filter(|max| length > *max) {
            violations.push(Violation::too_long(path, max));
        }
        if length < self.min_length {
            let rule = format!("{path} in body should be at least {} chars long", self.min_length);
            violations.push(Violation::invalid(Rule::SchemaValue, path, text, rule));
        }
        if let Some(pattern) = self.pattern.as_ref().filter(|pattern| !pattern.is_match(text)) {
            violations.push(Violation::invalid(
                Rule::SchemaValue,
                path,
                text,
                format!("{path} in body should match '{pattern}'"),
            ));
        }
    }

    /// Whether the number fits into its format.
    fn check_number(&self, path: &str, number: &serde_json::Number, violations: &mut Violations) -> bool {
        let shown = number.as_i64().map_or(Value::Withheld, Value::Number);
        if self.format.as_deref() == Some("int32")
            && number.as_i64().is_none_or(|number| i32::try_from(number).is_err())
        {
            let rule = format!("{path} in body must be of type int32: \"integer\"");
            violations.push(Violation::invalid(Rule::SchemaType, path, shown, rule));
            return false;
        }
        let float = number.as_f64().unwrap_or_default();
        for (bound, is_beyond, words) in [
            (self.minimum, self.minimum.is_some_and(|minimum| float < minimum), "greater"),
            (self.maximum, self.maximum.is_some_and(|maximum| float > maximum), "less"),
        ] {
            if let Some(bound) = bound.filter(|_| is_beyond) {
                let rule = format!("{path} in body should be {words} than or equal to {bound}");
                violations.push(Violation::invalid(Rule::SchemaValue, path, shown.clone(), rule));
            }
        }
        true
    }
}

impl Kind {
    fn is_of(self, value: &Json) -> bool {
        let is_whole = || value.as_f64().is_some_and(|number| number.fract() == 0.0);
        match self {
            Self::Any => true,
            Self::Object => value.is_object(),
            Self::Array => value.is_array(),
            Self::Text => value.is_string(),
            Self::Boolean => value.is_boolean(),
            Self::Number => value.is_number(),
            Self::Integer => is_whole(),
            Self::IntegerOrText => value.is_string() || is_whole(),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Object => "object",
            Self::Array => "array",
            Self::Text => "string",
            Self::Boolean => "boolean",
            Self::Number => "number",
            Self::Integer => "integer",
            Self::IntegerOrText => "integer,string",
        }
    }
}

fn type_of(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(number) if number.is_f64() => "number",
        Json::Number(_) => "integer",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}

fn as_text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn member_path(path: &str, name: &str) -> String {
    let mut member = path.to_owned();
    // Writing to a String cannot fail.
    let _ = if path.is_empty() { write!(member, "{name}") } else { write!(member, ".{name}") };
    member
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn judge(kind: &str, spec: &Json) -> Vec<String> {
        let schema = Schema::of(&api::schemas::of(kind).unwrap());
        let mut object = json!({"apiVersion": "x", "kind": kind, "metadata": {"name": "demo"}});
        if !spec.is_null() {
            object["spec"] = spec.clone();
        }
        schema.prepare(&mut object);
        schema.check(&mut object).iter().map(ToString::to_string).collect()
    }

    #[rstest]
    #[case::no_spec(json!(null), &["spec: Required value"])]
    #[case::spec_is_a_text(json!("x"), &["spec: Invalid value: \"string\": spec in body must be of type object: \"string\""])]
    #[case::no_source(json!({"source": null}), &["spec.source: Required value"])]
    #[case::types(
        json!({"source": 1, "minReplicas": "1", "maxReplicas": 2.5, "env": {"A": "B"}, "labels": {"a": true}}),
        &[
            "spec.env: Invalid value: \"object\": spec.env in body must be of type array: \"object\"",
            "spec.labels.a: Invalid value: \"boolean\": spec.labels.a in body must be of type string: \"boolean\"",
            "spec.maxReplicas: Invalid value: \"number\": spec.maxReplicas in body must be of type integer: \"number\"",
            "spec.minReplicas: Invalid value: \"string\": spec.minReplicas in body must be of type integer: \"string\"",
            "spec.source: Invalid value: \"integer\": spec.source in body must be of type string: \"integer\"",
        ]
    )]
    #[case::values_of_variables(
        json!({"source": "x", "env": [{"name": "A", "value": true}, {"name": "B", "value": 8080}, {"value": 0.5}]}),
        &[
            "spec.env[0].value: Invalid value: \"boolean\": spec.env[0].value in body must be of type string: \"boolean\"",
            "spec.env[1].value: Invalid value: \"integer\": spec.env[1].value in body must be of type string: \"integer\"",
            "spec.env[2].name: Required value",
            "spec.env[2].value: Invalid value: \"number\": spec.env[2].value in body must be of type string: \"number\"",
        ]
    )]
    #[case::key_of_a_secret(
        json!({"source": "x", "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "redis"}}}, {"name": "B", "valueFrom": {"fieldRef": {}}}]}),
        &["spec.env[0].valueFrom.secretKeyRef.key: Required value", "spec.env[1].valueFrom.fieldRef.fieldPath: Required value"]
    )]
    #[case::type_of_source(json!({"source": "x", "type": "svn"}), &["spec.type: Unsupported value: \"svn\": supported values: \"\", \"inline\", \"git\""])]
    #[case::bounds(
        json!({"source": "x", "minReplicas": 0, "maxReplicas": 3_000_000_000_u32}),
        &[
            "spec.maxReplicas: Invalid value: 3000000000: spec.maxReplicas in body must be of type int32: \"integer\"",
            "spec.minReplicas: Invalid value: 0: spec.minReplicas in body should be greater than or equal to 1",
        ]
    )]
    #[case::texts(
        json!({"source": "x", "labels": {"a": "b c"}, "env": [{"name": "1A"}, {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "", "key": "k"}}}]}),
        &[
            "spec.env[0].name: Invalid value: \"1A\": spec.env[0].name in body should match '^([-_a-zA-Z]|[.][-_a-zA-Z0-9])[-._a-zA-Z0-9]*$'",
            "spec.env[1].valueFrom.configMapKeyRef.name: Invalid value: \"\": spec.env[1].valueFrom.configMapKeyRef.name in body should be at least 1 chars long",
            "spec.labels.a: Invalid value: \"b c\": spec.labels.a in body should match '^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$'",
        ]
    )]
    #[case::too_long(json!({"source": "x", "baseDir": "x".repeat(4097)}), &["spec.baseDir: Too long: may not be more than 4096 bytes"])]
    #[case::quantities(
        json!({"source": "x", "resources": {"limits": {"cpu": 0.5, "memory": 1}}}),
        &["spec.resources.limits.cpu: Invalid value: \"number\": spec.resources.limits.cpu in body must be of type integer,string: \"number\""]
    )]
    #[case::nulls(json!({"source": "x", "deps": null, "env": null, "resources": {"limits": null}}), &[])]
    #[case::null_where_none_can_be(json!({"source": "x", "env": [{"name": "A", "value": null}, null]}), &["spec.env[1]: Invalid value: \"null\": spec.env[1] in body must be of type object: \"null\""])]
    fn a_function_is_judged_as_the_api_server_judges_it(#[case] spec: Json, #[case] texts: &[&str]) {
        assert_eq!(judge("Function", &spec), texts);
    }

    #[rstest]
    #[case(json!({}), &["spec.url: Required value"])]
    #[case(json!({"url": "x", "auth": {"type": "token"}}), &["spec.auth.secretName: Required value", "spec.auth.type: Unsupported value: \"token\": supported values: \"basic\", \"key\""])]
    fn a_git_repository_too(#[case] spec: Json, #[case] texts: &[&str]) {
        assert_eq!(judge("GitRepository", &spec), texts);
    }

    #[test]
    fn many_entries_are_counted() {
        let env: Json = (0..1001).map(|index| json!({"name": format!("A{index}")})).collect();
        let labels: serde_json::Map<_, _> =
            (0..1001).map(|index| (format!("a{index}"), json!("1"))).collect();
        let expected = [
            "spec.env: Too many: 1001: must have at most 1000 items",
            "spec.labels: Too many: 1001: must have at most 1000 items",
        ];
        assert_eq!(judge("Function", &json!({"source": "x", "env": env, "labels": labels})), expected);
    }

    #[test]
    fn what_is_of_a_wrong_type_is_taken_out() {
        let schema = Schema::of(&api::schemas::of("Function").unwrap());
        let mut object = json!({"spec": {"source": "x", "minReplicas": "1", "env": [{"name": "A", "value": 1}], "labels": {"a": 1, "b": "c"}}});
        assert_eq!(schema.check(&mut object).len(), 3);
        assert_eq!(object, json!({"spec": {"source": "x", "env": [{"name": "A"}], "labels": {"b": "c"}}}));
        let mut object = json!({"spec": {"source": "x", "env": ["A=1"]}});
        assert_eq!(schema.check(&mut object).len(), 1);
        assert_eq!(object, json!({"spec": {"source": "x"}}));
    }

    #[test]
    fn unknown_fields_are_found_wherever_they_are() {
        let schema = Schema::of(&api::schemas::of("Function").unwrap());
        let object = json!({"apiVersion": "a", "kind": "k", "metadata": {"any": 1}, "speck": 1, "spec": {"resorces": {}, "minReplicas": "x", "labels": {"a": "b"}, "env": [{"nam": 1, "valueFrom": {"secretRef": 1}}]}});
        let mut unknown = schema.unknown_fields(&object);
        unknown.sort();
        assert_eq!(unknown, ["spec.env[0].nam", "spec.env[0].valueFrom.secretRef", "spec.resorces", "speck"]);
    }
}
