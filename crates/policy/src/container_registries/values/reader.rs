//! What all parts of the value are read with: texts, flags and lists, with a violation for each that is none.

use std::fmt::Display;

use jiff::Timestamp;

use crate::container_registries::tree::Tree;
use crate::rule::Rule;
use crate::violation::{Value, Violation, Violations};

/// The least similarity of a key to a known one that is worth a hint.
const SIMILAR: f64 = 0.8;

/// What has been found so far.
pub(super) struct Reader {
    pub(super) now: Timestamp,
    pub(super) violations: Violations,
}

/// A key in a map: `spec.key`, or `key` at the top.
pub(super) fn member(path: &str, key: impl Display) -> String {
    if path.is_empty() { key.to_string() } else { format!("{path}.{key}") }
}

impl Reader {
    pub(super) fn new(now: Timestamp) -> Self {
        Self { now, violations: Vec::new() }
    }

    /// The value of a field is wrong, and may be a credential.
    pub(super) fn refuse(&mut self, rule: Rule, field: String, must: impl Into<String>) {
        self.violations.push(Violation::invalid(rule, field, Value::Withheld, must));
    }

    /// The members of a map.
    pub(super) fn members<'a>(&mut self, tree: &'a Tree, path: &str) -> Option<&'a [(String, Tree)]> {
        if let Tree::Map(members) = tree {
            return Some(members);
        }
        self.refuse(Rule::ContainerRegistriesType, path.to_owned(), "must be a map");
        None
    }

    /// The items of a list.
    pub(super) fn items<'a>(&mut self, tree: &'a Tree, path: &str) -> Option<&'a [Tree]> {
        if let Tree::List(items) = tree {
            return Some(items);
        }
        self.refuse(Rule::ContainerRegistriesType, path.to_owned(), "must be a list");
        None
    }

    /// A text; an empty one is treated as absent, as Helm charts write defaults.
    pub(super) fn text<'a>(&mut self, map: &'a Tree, path: &str, key: &str) -> Option<&'a str> {
        let value = map.get(key)?;
        if let Tree::Text(text) = value {
            return Some(text.as_str()).filter(|text| !text.is_empty());
        }
        let must = "must be a text: put it into quotes";
        self.refuse(Rule::ContainerRegistriesType, member(path, key), must);
        None
    }

    /// A flag, if it is set.
    pub(super) fn flag(&mut self, map: &Tree, path: &str, key: &str) -> Option<bool> {
        let value = map.get(key)?;
        if let Tree::Bool(flag) = value {
            return Some(*flag);
        }
        let must = "must be true or false, without quotes";
        self.refuse(Rule::ContainerRegistriesType, member(path, key), must);
        None
    }

    /// Refuses each key that is not one of `known`. A key that is no word is not shown, nor one that
    /// `is_shown` refuses, which is told whether it is like a known one: it may be a password with a `,` or without a space.
    pub(super) fn only(
        &mut self,
        members: &[(String, Tree)],
        path: &str,
        known: &[&str],
        is_shown: impl Fn(bool) -> bool,
    ) {
        for (key, _) in members.iter().filter(|(key, _)| !known.contains(&key.as_str())) {
            let nearest = known.iter().max_by(|one, other| {
                strsim::jaro_winkler(one, key).total_cmp(&strsim::jaro_winkler(other, key))
            });
            let near = nearest.filter(|near| strsim::jaro_winkler(near, key) >= SIMILAR);
            let is_word = key.bytes().all(|byte| byte.is_ascii_alphabetic());
            let (field, problem) = if is_word && is_shown(near.is_some()) {
                (member(path, key), "there is no such key")
            } else {
                (path.to_owned(), "one of its keys is unknown")
            };
            let why = match near {
                Some(near) => format!("{problem}: did you mean {near}?"),
                None => format!("{problem}: the keys are {}", known.join(", ")),
            };
            self.violations.push(Violation::forbidden(Rule::ContainerRegistriesKey, field, why));
        }
    }
}
