//! The Secret that holds the registries of nodes: what is wrong with it, and what it asks for. What is written into it is not
//! here.

use api::names::container_registries::{LABEL, LABEL_VALUE, VALUES};
use jiff::Timestamp;

use super::model::Registries;
use super::values;
use crate::decision::{Decision, Warning};
use crate::rule::Rule;
use crate::secret_object::{SecretData, SecretObject};
use crate::violation::{Value, Violation};

/// The field that holds the values.
const FIELD: &str = "data.values";

/// A Secret that has been judged.
#[derive(Default)]
pub struct JudgedSecret {
    /// What is wrong with it, and what its author should know. There is no patch.
    pub decision: Decision,
    /// What it asks for, if it is valid and may be written to.
    pub valid: Option<ValidSecret>,
}

/// A Secret whose values are valid. It is never shown.
pub struct ValidSecret {
    /// What nodes pull from.
    pub registries: Registries,
    /// All its keys and values.
    pub data: SecretData,
    /// Whether it has annotations.
    pub has_annotations: bool,
    /// The hash of the files that were written last.
    pub hash: Option<String>,
    /// Its name; none if the API server generates one.
    pub name: Option<String>,
    /// Whether an UPDATE changes nothing but metadata.
    pub has_same_data: bool,
    /// Whether its author has seen the warnings about it before.
    pub is_known: bool,
}

/// Judges a Secret; `old` is the Secret before an UPDATE. One without the label has nothing wrong, nor has one that cannot
/// change.
#[must_use]
pub fn judge(new: &SecretObject<'_>, old: Option<&SecretObject<'_>>, now: Timestamp) -> JudgedSecret {
    if !is_labelled(new) || new.metadata.is_being_deleted() || old.is_some_and(|old| old.immutable) {
        return JudgedSecret::default();
    }
    let mut judged = match new.data() {
        Ok(data) => read(new, data, now),
        Err(violations) => JudgedSecret { decision: Decision::of(violations), valid: None },
    };
    let Some(old) = old.filter(|old| old.has_same_data(new)) else { return judged };
    if let Some(valid) = &mut judged.valid {
        valid.has_same_data = true;
        valid.is_known = is_labelled(old);
    }
    // Nothing but metadata changes: that is never refused, so that a labelled Secret can always be deleted.
    let violations = std::mem::take(&mut judged.decision.violations);
    if is_labelled(old) {
        judged.decision.warnings.clear();
    } else {
        let warning = |violation: &Violation| Warning::new(violation.rule, violation.to_string());
        judged.decision.warnings.extend(violations.iter().map(warning));
    }
    judged
}

fn is_labelled(secret: &SecretObject<'_>) -> bool {
    secret.metadata.label(LABEL) == Some(LABEL_VALUE)
}

fn read(secret: &SecretObject<'_>, data: SecretData, now: Timestamp) -> JudgedSecret {
    let refused = |violation| JudgedSecret { decision: Decision::of(vec![violation]), valid: None };
    let Some(bytes) = data.get(VALUES) else {
        let what_for = "the values with containerRegistries, as YAML";
        return refused(Violation::required(Rule::ContainerRegistriesMissing, FIELD, what_for));
    };
    let Ok(text) = std::str::from_utf8(bytes) else {
        let rule = Rule::ContainerRegistriesYaml;
        return refused(Violation::invalid(rule, FIELD, Value::Withheld, "must be UTF-8"));
    };
    let reading = values::read_in(FIELD, text, now);
    let decision =
        Decision { violations: reading.violations, warnings: reading.warnings, ..Decision::default() };
    let valid = decision.is_allowed().then(|| ValidSecret {
        registries: reading.registries,
        data,
        has_annotations: secret.metadata.annotations.is_some(),
        hash: secret.metadata.annotation(|all| &all.registries_hash).map(str::to_owned),
        name: Some(secret.metadata.name.clone()).filter(|name| !name.is_empty()),
        has_same_data: false,
        is_known: false,
    });
    JudgedSecret { decision, valid }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::decode::decode;

    /// 2026-11-26.
    const NOW: Timestamp = Timestamp::constant(1_795_651_200, 0);

    /// `containerRegistries: {a.b: [{endpoint: a.b}]}`.
    const VALID: &str = "Y29udGFpbmVyUmVnaXN0cmllczoge2EuYjogW3tlbmRwb2ludDogYS5ifV19";
    /// `containerRegistries: {a.b: []}`.
    const INVALID: &str = "Y29udGFpbmVyUmVnaXN0cmllczoge2EuYjogW119";

    fn secret(data: &Json, labels: &Json) -> SecretObject<'static> {
        let object = json!({"metadata": {"name": "r", "labels": labels}, "data": data});
        decode(Box::leak(object.to_string().into_boxed_str())).unwrap()
    }

    fn labelled(data: &Json) -> SecretObject<'static> {
        secret(data, &json!({ LABEL: LABEL_VALUE }))
    }

    fn violations(judged: &JudgedSecret) -> Vec<String> {
        judged.decision.violations.iter().map(Violation::to_string).collect()
    }

    #[test]
    fn a_valid_one_asks_for_its_registries() {
        let judged = judge(&labelled(&json!({"values": VALID})), None, NOW);
        assert_eq!(violations(&judged), [""; 0]);
        let valid = judged.valid.unwrap();
        assert_eq!((valid.registries.0.len(), valid.has_annotations, valid.hash), (1, false, None));
    }

    #[rstest]
    #[case::no_data(json!(null), "data.values: Required value: the values with containerRegistries, as YAML")]
    #[case::no_values(
        json!({"value": VALID}),
        "data.values: Required value: the values with containerRegistries, as YAML"
    )]
    #[case::no_base64(json!({"values": "!"}), "data.values: Invalid value: must be base64")]
    #[case::no_utf8(json!({"values": "/w=="}), "data.values: Invalid value: must be UTF-8")]
    #[case::no_yaml(json!({"values": "Ww=="}), "data.values: Invalid value: must be YAML (line 1)")]
    #[case::empty(
        json!({"values": ""}),
        "data.values.containerRegistries: Required value: it is read at the top, in connectivity, in global.connectivity and in global.components.containerd"
    )]
    #[case::no_endpoints(
        json!({"values": INVALID}),
        "data.values.containerRegistries[a.b]: Required value: a list of at least one endpoint, such as [{endpoint: registry.example.com}]"
    )]
    fn refuses(#[case] data: Json, #[case] violation: &str) {
        let judged = judge(&labelled(&data), None, NOW);
        assert_eq!((violations(&judged), judged.valid.is_none()), (vec![violation.to_owned()], true));
    }

    #[rstest]
    #[case::no_label(json!({}))]
    #[case::other_value(json!({ LABEL: "true" }))]
    fn leaves_secrets_without_the_label_alone(#[case] labels: Json) {
        let judged = judge(&secret(&json!({"values": INVALID}), &labels), None, NOW);
        assert_eq!((violations(&judged).len(), judged.valid.is_none()), (0, true));
    }

    #[test]
    fn a_label_can_be_removed() {
        let data = json!({"values": INVALID});
        let judged = judge(&secret(&data, &json!({})), Some(&labelled(&data)), NOW);
        assert_eq!(judged.decision, Decision::allowed());
    }

    #[test]
    fn metadata_of_an_invalid_one_can_change() {
        let data = json!({"values": INVALID});
        let judged = judge(&labelled(&data), Some(&labelled(&data)), NOW);
        assert_eq!((judged.decision, judged.valid.is_none()), (Decision::allowed(), true));
    }

    #[test]
    fn a_label_that_comes_later_warns() {
        let data = json!({"values": INVALID});
        let judged = judge(&labelled(&data), Some(&secret(&data, &json!({}))), NOW);
        assert_eq!(violations(&judged), [""; 0]);
        let texts: Vec<_> = judged.decision.warnings.iter().map(|warning| warning.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "data.values.containerRegistries[a.b]: Required value: a list of at least one endpoint, such as [{endpoint: registry.example.com}]"
            ]
        );
    }
}
