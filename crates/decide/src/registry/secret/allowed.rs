//! Which namespaces may have push and pull secrets of a registry.

use std::collections::BTreeMap;

use api::names::registry::Access;
use api::registry::AllowedNamespaces;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};

use super::request::Request;

type Labels = BTreeMap<String, String>;

/// Whether a registry allows a secret. Its own namespace always may; `labels` are those of the namespace of the secret.
pub(super) fn is_allowed(request: &Request, allowed: Option<&AllowedNamespaces>, labels: &Labels) -> bool {
    let Some(allowed) = allowed else { return true };
    let selector = match request.access {
        Access::Push => allowed.push.as_ref(),
        Access::Pull => allowed.pull.as_ref(),
    };
    request.namespace == request.registry.0 || selector.is_some_and(|selector| selects(selector, labels))
}

/// Whether a selector selects labels, as Kubernetes defines it: an empty one selects everything.
#[must_use]
pub fn selects(selector: &LabelSelector, labels: &Labels) -> bool {
    let has = |(key, value): (&String, &String)| labels.get(key) == Some(value);
    selector.match_labels.iter().flatten().all(has)
        && selector.match_expressions.iter().flatten().all(|requirement| meets(requirement, labels))
}

fn meets(requirement: &LabelSelectorRequirement, labels: &Labels) -> bool {
    let value = labels.get(&requirement.key);
    let is_listed = || {
        let values = requirement.values.as_deref().unwrap_or_default();
        value.is_some_and(|value| values.contains(value))
    };
    match requirement.operator.as_str() {
        "In" => is_listed(),
        "NotIn" => !is_listed(),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        // Nobody knows what it means, so it selects nothing.
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    #[rstest]
    #[case::all(json!({}), true)]
    #[case::label(json!({"matchLabels": {"team": "a"}}), true)]
    #[case::other_value(json!({"matchLabels": {"team": "b"}}), false)]
    #[case::one_of_two(json!({"matchLabels": {"team": "a", "env": "prod"}}), false)]
    #[case::in_list(json!({"matchExpressions": [{"key": "team", "operator": "In", "values": ["b", "a"]}]}), true)]
    #[case::not_in_list(json!({"matchExpressions": [{"key": "team", "operator": "In", "values": ["b"]}]}), false)]
    #[case::not_in(json!({"matchExpressions": [{"key": "team", "operator": "NotIn", "values": ["b"]}]}), true)]
    #[case::not_in_but_is(json!({"matchExpressions": [{"key": "team", "operator": "NotIn", "values": ["a"]}]}), false)]
    #[case::not_in_without_the_label(json!({"matchExpressions": [{"key": "env", "operator": "NotIn", "values": ["a"]}]}), true)]
    #[case::exists(json!({"matchExpressions": [{"key": "team", "operator": "Exists"}]}), true)]
    #[case::exists_not(json!({"matchExpressions": [{"key": "env", "operator": "Exists"}]}), false)]
    #[case::does_not_exist(json!({"matchExpressions": [{"key": "env", "operator": "DoesNotExist"}]}), true)]
    #[case::unknown_operator(json!({"matchExpressions": [{"key": "team", "operator": "Matches", "values": ["a"]}]}), false)]
    #[case::both(json!({"matchLabels": {"team": "a"}, "matchExpressions": [{"key": "env", "operator": "Exists"}]}), false)]
    fn a_selector_selects_as_in_kubernetes(#[case] selector: Value, #[case] expected: bool) {
        let labels = BTreeMap::from([("team".to_owned(), "a".to_owned())]);
        assert_eq!(selects(&serde_json::from_value(selector).unwrap(), &labels), expected);
    }
}
