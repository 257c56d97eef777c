//! What the API server itself checks of the metadata of any object, before it asks anybody.

use serde_json::{Map, Value as Json};

use crate::rule::Rule;
use crate::syntax;
use crate::violation::{Violation, Violations};

/// The most bytes of all annotations together.
const ANNOTATIONS_MAX: usize = 256 << 10;

/// What is wrong with names, labels and annotations. Values of a wrong type are for decoding to report.
pub(crate) fn check(metadata: &Json) -> Vec<Violation> {
    let mut violations = Vec::new();
    let members = |name: &str| metadata.get(name).and_then(Json::as_object);
    if let Some(name) = metadata.get("name").and_then(Json::as_str).filter(|name| !name.is_empty())
        && let Err(rule) = syntax::dns_1123_subdomain(name)
    {
        violations.push(Violation::invalid(Rule::NameInvalid, "metadata.name", name, rule));
    }
    for (key, value) in members("labels").into_iter().flatten() {
        check_key("metadata.labels", key, syntax::label_key(key), &mut violations);
        if let Some(value) = value.as_str() {
            check_key("metadata.labels", value, syntax::label_value(value), &mut violations);
        }
    }
    let annotations = members("annotations");
    for key in annotations.into_iter().flat_map(Map::keys) {
        // Keys of annotations may be written in upper case.
        let rule = syntax::label_key(&key.to_ascii_lowercase());
        check_key("metadata.annotations", key, rule, &mut violations);
    }
    let bytes = annotations.into_iter().flatten();
    let bytes: usize = bytes.map(|(key, value)| key.len() + value.as_str().map_or(0, str::len)).sum();
    if bytes > ANNOTATIONS_MAX {
        violations.push(Violation::too_long("metadata.annotations", ANNOTATIONS_MAX));
    }
    violations
}

fn check_key(field: &str, text: &str, rule: syntax::Check, violations: &mut Violations) {
    if let Err(rule) = rule {
        violations.push(Violation::invalid(Rule::SchemaValue, field, text, rule));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_labels_and_annotations_are_judged() {
        let judge = |metadata: Json| check(&metadata).iter().map(ToString::to_string).collect::<Vec<_>>();
        let good =
            json!({"name": "a.b", "labels": {"a/b": "", "c": "D_1"}, "annotations": {"A/b": "any thing"}});
        assert_eq!(judge(good), Vec::<String>::new());
        let bad = json!({"name": "A", "labels": {"a b": "c d", "e": 1}, "annotations": {"a b": "x"}});
        let fields: Vec<_> = check(&bad).into_iter().map(|violation| violation.field).collect();
        assert_eq!(fields, ["metadata.name", "metadata.labels", "metadata.labels", "metadata.annotations"]);
        let long = json!({"annotations": {"a": "x".repeat(256 << 10)}});
        assert_eq!(judge(long), ["metadata.annotations: Too long: may not be more than 262144 bytes"]);
    }
}
