//! Where the value of an environment variable comes from: exactly one source, complete, as the API server wants it in a
//! Pod. Without this a Function would be accepted, and its Deployment refused for ever.

use api::{EnvVarSource, ObjectFieldSelector, ResourceFieldSelector};

use crate::quantity::Quantity;
use crate::rule::Rule;
use crate::syntax;
use crate::violation::{Value, Violation, Violations};

const SOURCES: &str = "one source: configMapKeyRef, secretKeyRef, fieldRef, resourceFieldRef or fileKeyRef";
const POD_FIELDS: [&str; 9] = [
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];
const RESOURCES: [&str; 6] = [
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];
const DIVISORS_OF_CPU: [&str; 2] = ["1", "1m"];
const DIVISORS: [&str; 13] =
    ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];

pub(super) fn check(path: &str, source: &EnvVarSource, violations: &mut Violations) {
    let before = violations.len();
    let mut sources = 0;
    if let Some(key) = &source.config_map_key_ref {
        sources += 1;
        check_key(&format!("{path}.configMapKeyRef"), "ConfigMap", &key.name, &key.key, violations);
    }
    if let Some(key) = &source.secret_key_ref {
        sources += 1;
        check_key(&format!("{path}.secretKeyRef"), "Secret", &key.name, &key.key, violations);
    }
    if let Some(field) = &source.field_ref {
        sources += 1;
        check_pod_field(&format!("{path}.fieldRef"), field, violations);
    }
    if let Some(resource) = &source.resource_field_ref {
        sources += 1;
        check_resource(&format!("{path}.resourceFieldRef"), resource, violations);
    }
    if let Some(file) = &source.file_key_ref {
        sources += 1;
        for (name, text) in [("volumeName", &file.volume_name), ("path", &file.path), ("key", &file.key)] {
            if text.is_empty() {
                let field = format!("{path}.fileKeyRef.{name}");
                violations.push(Violation::required(Rule::ValueFromKey, field, ""));
            }
        }
    }
    match sources {
        0 => violations.push(Violation::required(Rule::ValueFromSource, path, SOURCES)),
        1 => {}
        // Said first: which of them is meant decides what else is wrong.
        _ => {
            let must = format!("must have {SOURCES}");
            let violation = Violation::invalid(Rule::ValueFromSource, path, Value::Withheld, must);
            violations.insert(before, violation);
        }
    }
}

fn check_key(path: &str, kind: &str, name: &str, key: &str, violations: &mut Violations) {
    const RULE: Rule = Rule::ValueFromKey;
    let (name_field, key_field) = (format!("{path}.name"), format!("{path}.key"));
    if name.is_empty() {
        violations.push(Violation::required(RULE, name_field, format!("the name of the {kind}")));
    } else if let Err(must) = syntax::dns_1123_subdomain(name) {
        violations.push(Violation::invalid(RULE, name_field, name, must));
    }
    if key.is_empty() {
        violations.push(Violation::required(RULE, key_field, format!("the key in the {kind}")));
    } else if let Err(must) = syntax::data_key(key) {
        violations.push(Violation::invalid(RULE, key_field, key, must));
    }
}

fn check_pod_field(path: &str, field: &ObjectFieldSelector, violations: &mut Violations) {
    const RULE: Rule = Rule::ValueFromField;
    if let Some(version) = field.api_version.as_deref().filter(|version| !["", "v1"].contains(version)) {
        violations.push(Violation::not_supported(RULE, format!("{path}.apiVersion"), version, ["v1"]));
    }
    let text = field.field_path.as_str();
    let path = format!("{path}.fieldPath");
    if text.is_empty() {
        violations.push(Violation::required(RULE, path, "a field of the Pod, such as metadata.name"));
    } else if let Some((map, key)) = text.strip_suffix("']").and_then(|text| text.split_once("['"))
        && !map.is_empty()
    {
        // Keys of annotations may be written in upper case.
        let judged = match map {
            "metadata.labels" => syntax::label_key(key),
            "metadata.annotations" => syntax::label_key(&key.to_ascii_lowercase()),
            _ => Err("only metadata.labels and metadata.annotations have keys"),
        };
        if let Err(must) = judged {
            violations.push(Violation::invalid(RULE, path, text, must));
        }
    // The former name of spec.nodeName.
    } else if text != "spec.host" && !POD_FIELDS.contains(&text) {
        let keyed = ["metadata.annotations['<key>']", "metadata.labels['<key>']"];
        violations.push(Violation::not_supported(RULE, path, text, POD_FIELDS.into_iter().chain(keyed)));
    }
}

fn check_resource(path: &str, field: &ResourceFieldSelector, violations: &mut Violations) {
    const RULE: Rule = Rule::ValueFromResource;
    let resource = field.resource.as_str();
    let has_pages =
        ["limits.hugepages-", "requests.hugepages-"].iter().any(|start| resource.starts_with(start));
    if resource.is_empty() {
        let what_for = "a resource of the container, such as limits.cpu";
        violations.push(Violation::required(RULE, format!("{path}.resource"), what_for));
        return;
    }
    if !has_pages && !RESOURCES.contains(&resource) {
        violations.push(Violation::not_supported(RULE, format!("{path}.resource"), resource, RESOURCES));
        return;
    }
    let Some(divisor) = field.divisor.as_ref().map(|divisor| divisor.0.as_str()) else { return };
    let is_cpu = matches!(resource, "limits.cpu" | "requests.cpu");
    let divisors: &[&str] = if is_cpu { &DIVISORS_OF_CPU } else { &DIVISORS };
    let is_known = Quantity::parse(divisor)
        .is_ok_and(|quantity| quantity.is_zero() || divisors.contains(&quantity.to_string().as_str()));
    if !is_known {
        let divisors = divisors.iter().copied();
        violations.push(Violation::not_supported(RULE, format!("{path}.divisor"), divisor, divisors));
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value as Json, json};

    use super::*;

    const ONE: &str = "one source: configMapKeyRef, secretKeyRef, fieldRef, resourceFieldRef or fileKeyRef";
    const SUBDOMAIN: &str = "must be a lower-case RFC 1123 subdomain: lower-case letters, digits, '-' or '.', starting and ending with a letter or digit, no longer than 253 characters (such as 'example.com')";

    fn judge(source: Json) -> String {
        let mut violations = Vec::new();
        check("p", &serde_json::from_value(source).unwrap(), &mut violations);
        violations.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    }

    #[rstest]
    #[case::secret(json!({"secretKeyRef": {"name": "s", "key": "k", "optional": true}}))]
    #[case::config_map(json!({"configMapKeyRef": {"name": "m.n", "key": ".k_1-2"}}))]
    #[case::field(json!({"fieldRef": {"fieldPath": "metadata.name"}}))]
    #[case::former_field(json!({"fieldRef": {"fieldPath": "spec.host"}}))]
    #[case::field_with_version(json!({"fieldRef": {"apiVersion": "v1", "fieldPath": "status.podIPs"}}))]
    #[case::label(json!({"fieldRef": {"fieldPath": "metadata.labels['example.com/a']"}}))]
    #[case::annotation(json!({"fieldRef": {"fieldPath": "metadata.annotations['Example.com/A']"}}))]
    #[case::resource(json!({"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}}))]
    #[case::resource_spelt_otherwise(json!({"resourceFieldRef": {"resource": "limits.cpu", "divisor": "0.001"}}))]
    #[case::resource_without_divisor(json!({"resourceFieldRef": {"resource": "requests.cpu", "divisor": "0"}}))]
    #[case::pages(json!({"resourceFieldRef": {"resource": "limits.hugepages-2Mi"}}))]
    #[case::file(json!({"fileKeyRef": {"volumeName": "v", "path": "p", "key": "K"}}))]
    fn accepts(#[case] source: Json) {
        assert_eq!(judge(source), "");
    }

    #[rstest]
    #[case::none(json!({}), format!("p: Required value: {ONE}"))]
    #[case::two(
        json!({"fieldRef": {"fieldPath": "metadata.name"}, "secretKeyRef": {"name": "s", "key": "k"}}),
        format!("p: Invalid value: must have {ONE}")
    )]
    #[case::two_incomplete(
        json!({"configMapKeyRef": {"name": "m"}, "secretKeyRef": {"key": "k"}}),
        format!("p: Invalid value: must have {ONE}; p.configMapKeyRef.key: Required value: the key in the ConfigMap; p.secretKeyRef.name: Required value: the name of the Secret")
    )]
    #[case::secret_without_key(
        json!({"secretKeyRef": {"name": "redis"}}),
        "p.secretKeyRef.key: Required value: the key in the Secret".to_owned()
    )]
    #[case::config_map_without_name(
        json!({"configMapKeyRef": {"key": "k"}}),
        "p.configMapKeyRef.name: Required value: the name of the ConfigMap".to_owned()
    )]
    #[case::not_a_name(
        json!({"secretKeyRef": {"name": "A b", "key": "k"}}),
        format!("p.secretKeyRef.name: Invalid value: \"A b\": {SUBDOMAIN}")
    )]
    #[case::not_a_key(
        json!({"secretKeyRef": {"name": "s", "key": "a/b"}}),
        "p.secretKeyRef.key: Invalid value: \"a/b\": must consist of letters, digits, '-', '_' or '.', be no longer than 253 characters and not be '.' nor start with '..' (such as 'key.name')".to_owned()
    )]
    #[case::field_without_path(
        json!({"fieldRef": {}}),
        "p.fieldRef.fieldPath: Required value: a field of the Pod, such as metadata.name".to_owned()
    )]
    #[case::field_unknown(
        json!({"fieldRef": {"apiVersion": "v2", "fieldPath": "spec.x"}}),
        "p.fieldRef.apiVersion: Unsupported value: \"v2\": supported values: \"v1\"; p.fieldRef.fieldPath: Unsupported value: \"spec.x\": supported values: \"metadata.name\", \"metadata.namespace\", \"metadata.uid\", \"spec.nodeName\", \"spec.serviceAccountName\", \"status.hostIP\", \"status.hostIPs\", \"status.podIP\", \"status.podIPs\", \"metadata.annotations['<key>']\", \"metadata.labels['<key>']\"".to_owned()
    )]
    #[case::field_with_a_key(
        json!({"fieldRef": {"fieldPath": "spec['a']"}}),
        "p.fieldRef.fieldPath: Invalid value: \"spec['a']\": only metadata.labels and metadata.annotations have keys".to_owned()
    )]
    #[case::resource_missing(
        json!({"resourceFieldRef": {"divisor": "1"}}),
        "p.resourceFieldRef.resource: Required value: a resource of the container, such as limits.cpu".to_owned()
    )]
    #[case::resource_unknown(
        json!({"resourceFieldRef": {"resource": "cpu"}}),
        "p.resourceFieldRef.resource: Unsupported value: \"cpu\": supported values: \"limits.cpu\", \"limits.ephemeral-storage\", \"limits.memory\", \"requests.cpu\", \"requests.ephemeral-storage\", \"requests.memory\"".to_owned()
    )]
    #[case::divisor(
        json!({"resourceFieldRef": {"resource": "limits.cpu", "divisor": "2"}}),
        "p.resourceFieldRef.divisor: Unsupported value: \"2\": supported values: \"1\", \"1m\"".to_owned()
    )]
    #[case::file_incomplete(
        json!({"fileKeyRef": {"path": "p"}}),
        "p.fileKeyRef.volumeName: Required value; p.fileKeyRef.key: Required value".to_owned()
    )]
    fn refuses(#[case] source: Json, #[case] text: String) {
        assert_eq!(judge(source), text);
    }
}
