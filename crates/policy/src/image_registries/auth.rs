//! Who may push to a registry and pull from it.

use api::registry::{RegistryAuth, must};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use crate::registry_fields as fields;
use crate::rule::Rule;
use crate::syntax;
use crate::violation::{Violation, Violations};

const OPERATORS: [&str; 4] = ["In", "NotIn", "Exists", "DoesNotExist"];

pub(super) fn check(auth: Option<&RegistryAuth>, violations: &mut Violations) {
    let Some(auth) = auth else { return };
    let config_map = auth.config_map_name.as_deref();
    fields::optional_reference("spec.auth.configMapName", config_map, violations);
    fields::certificate("spec.auth.ca", auth.ca.as_ref(), violations);
    if config_map.is_some() && auth.policy.is_some() {
        violations.push(Violation::forbidden(Rule::RegistryAclTwo, "spec.auth.policy", must::ONE_ACL));
    }
    let Some(allowed) = &auth.allowed_namespaces else { return };
    for (field, selector) in [
        ("spec.auth.allowedNamespaces.push", allowed.push.as_ref()),
        ("spec.auth.allowedNamespaces.pull", allowed.pull.as_ref()),
    ] {
        if let Some(selector) = selector {
            check_selector(field, selector, violations);
        }
    }
}

/// As the API server checks a selector of labels. One that is wrong would select nothing, or everything.
fn check_selector(path: &str, selector: &LabelSelector, violations: &mut Violations) {
    const RULE: Rule = Rule::NamespaceSelector;
    for (key, value) in selector.match_labels.iter().flatten() {
        let field = format!("{path}.matchLabels[{key}]");
        fields::check(RULE, &field, key, syntax::label_key(key), violations);
        fields::check(RULE, &field, value, syntax::label_value(value), violations);
    }
    for (index, requirement) in selector.match_expressions.iter().flatten().enumerate() {
        let path = format!("{path}.matchExpressions[{index}]");
        fields::check(
            RULE,
            &format!("{path}.key"),
            &requirement.key,
            syntax::label_key(&requirement.key),
            violations,
        );
        let values = requirement.values.as_deref().unwrap_or_default();
        let field = format!("{path}.values");
        match requirement.operator.as_str() {
            "In" | "NotIn" if values.is_empty() => {
                violations.push(Violation::required(RULE, field, "In and NotIn need values"));
            }
            "Exists" | "DoesNotExist" if !values.is_empty() => {
                violations.push(Violation::forbidden(RULE, field, "Exists and DoesNotExist take no values"));
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            other => {
                let field = format!("{path}.operator");
                violations.push(Violation::not_supported(RULE, field, other, OPERATORS));
            }
        }
        for (index, value) in values.iter().enumerate() {
            let field = format!("{path}.values[{index}]");
            fields::check(RULE, &field, value, syntax::label_value(value), violations);
        }
    }
}
