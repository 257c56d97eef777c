//! What an author should know about rules that are read without an error.

use policy::registries::is_repository_name;

use super::error::Warning;
use super::pattern::Pattern;
use super::rule::Rule;
use super::template::Field;
use crate::registry::scope::{CATALOG, ResourceType};

pub(super) fn of(rules: &[Rule]) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for (index, rule) in rules.iter().enumerate() {
        let path = format!("acl[{index}]");
        let mut warn = |field: &str, text: String| {
            warnings.push(Warning { field: format!("{path}{field}"), text });
        };
        if let Some(earlier) = rules.iter().take(index).position(|earlier| earlier.covers(rule)) {
            warn("", format!("never decides: acl[{earlier}] matches all that it matches"));
        }
        if rule.is_for_everybody() && !rule.actions.is_empty() {
            warn(".match", "matches every account: name an account, a label or a network".to_owned());
        }
        if let Some(kind) = literal(rule, Field::Type)
            && ![ResourceType::Repository, ResourceType::Registry].iter().any(|known| known.as_str() == kind)
        {
            warn(".match.type", "matches nothing: the types are repository and registry".to_owned());
        }
        if let Some(name) = literal(rule, Field::Name)
            && name != CATALOG
            && !is_repository_name(name)
        {
            warn(".match.name", "matches nothing: no repository has such a name".to_owned());
        }
    }
    warnings
}

fn literal(rule: &Rule, field: Field) -> Option<&str> {
    rule.pattern(field).and_then(Pattern::literal)
}
