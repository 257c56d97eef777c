//! Reads a file of rules: `docker_auth`'s `acl` and `users`. All that is wrong is reported, with its place.

mod conditions;
mod reader;
mod users;

use std::collections::BTreeMap;

use policy::container_registries::Tree;

use super::error::{AclError, AclErrors};
use super::rule::Rule;
use super::rules::Acl;
use super::warnings;
use crate::registry::scope::Action;
use reader::{Reader, member};

/// The largest file, in bytes: no ConfigMap holds more.
const FILE_MAX: usize = 1024 * 1024;
/// The most rules: each request is compared with them, one after the other.
const RULES_MAX: usize = 500;
/// The longest comment, in bytes.
const COMMENT_MAX: usize = 1024;

/// What `docker_auth` also reads from its file, and a registry of ours gets from its `ImageRegistry`.
const UNUSED: [&str; 3] = ["server", "token", "plugin_authn"];
/// The variables that the file of image-registry-operator has there.
const VARIABLES: [&str; 6] = [
    "AUTH_SERVER_ADDR",
    "AUTH_TOKEN_ISSUER",
    "AUTH_TOKEN_EXPIRATION",
    "AUTH_TOKEN_CRT",
    "AUTH_TOKEN_KEY",
    "NAMESPACE",
];

/// What a file says. Incomplete if there are errors.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) acl: Acl,
    pub(super) errors: Vec<AclError>,
}

impl Acl {
    /// Reads a file.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn read(text: &str) -> Result<Self, AclErrors> {
        let reading = Reading::of(text);
        if reading.errors.is_empty() { Ok(reading.acl) } else { Err(AclErrors(reading.errors)) }
    }
}

impl Reading {
    pub(super) fn of(text: &str) -> Self {
        let mut reader = Reader::default();
        let mut acl = Acl { rules: Vec::new(), users: BTreeMap::new(), warnings: Vec::new() };
        if text.len() > FILE_MAX {
            reader.refuse("", "must have at most 1 MiB");
            return Self { acl, errors: reader.errors };
        }
        match Tree::parse(text) {
            Ok(tree) => file(&mut reader, &tree, &mut acl),
            Err(error) => reader.refuse("", format!("{} (line {})", error.must, error.line)),
        }
        let mut warnings = reader.warnings;
        // About rules that are wrong, warnings would be wrong, too.
        if reader.errors.is_empty() {
            warnings.extend(warnings::of(&acl.rules));
        }
        acl.warnings = warnings;
        Self { acl, errors: reader.errors }
    }
}

fn file(reader: &mut Reader, tree: &Tree, acl: &mut Acl) {
    let Some(members) = reader.members(tree, "") else { return };
    reader.only(members, "", &["acl", "users"], &UNUSED, |_, _, _| None);
    for (key, value) in
        members.iter().filter(|(key, value)| UNUSED.contains(&key.as_str()) && !value.is_null())
    {
        let why = "is not used: address, issuer, lifetime and keys of tokens follow from the ImageRegistry";
        reader.warn(key, why);
        variables(reader, value, key);
    }
    if let Some(users) = tree.get("users") {
        acl.users = users::read(reader, users);
    }
    match tree.get("acl") {
        None => reader.refuse("acl", "is required: without rules, nothing is allowed; [] says so"),
        Some(rules) => {
            let rules = reader.items(rules, "acl").unwrap_or_default();
            if rules.len() > RULES_MAX {
                reader.refuse("acl", "must have at most 500 rules");
                return;
            }
            for (index, tree) in rules.iter().enumerate() {
                acl.rules.extend(rule(reader, tree, &format!("acl[{index}]")));
            }
        }
    }
}

fn rule(reader: &mut Reader, tree: &Tree, path: &str) -> Option<Rule> {
    let members = reader.members(tree, path)?;
    reader.only(members, path, &["match", "actions", "comment"], &[], |_, _, _| None);
    let conditions = if let Some(conditions) = tree.get("match") {
        conditions::read(reader, conditions, &member(path, "match"))
    } else {
        reader.refuse(&member(path, "match"), "is required: {} matches every request");
        None
    };
    let actions = actions(reader, tree.get("actions"), &member(path, "actions"));
    let comment = reader.text(tree, path, "comment");
    if comment.is_some_and(|comment| comment.len() > COMMENT_MAX) {
        reader.refuse(&member(path, "comment"), "must have at most 1024 bytes");
    }
    let (fields, network, labels) = conditions?;
    Some(Rule { fields, network, labels, actions: actions?, comment: comment.map(str::to_owned) })
}

fn actions(reader: &mut Reader, tree: Option<&Tree>, path: &str) -> Option<Vec<Action>> {
    let Some(tree) = tree else {
        reader.refuse(path, "is required: [] denies everything");
        return None;
    };
    let mut actions = Vec::new();
    for (index, item) in reader.items(tree, path)?.iter().enumerate() {
        let word = if let Tree::Text(word) = item { Action::parse(word) } else { None };
        match word {
            Some(action) => actions.push(action),
            None => reader.refuse(&format!("{path}[{index}]"), "must be pull, push, delete or \"*\""),
        }
    }
    Some(actions)
}

/// Refuses variables that the file of image-registry-operator does not have: nobody would fill them in.
fn variables(reader: &mut Reader, tree: &Tree, path: &str) {
    match tree {
        Tree::Text(text) => {
            let names = text.split("${").skip(1).map(|rest| rest.split_once('}').map(|(name, _)| name));
            if names.into_iter().any(|name| !name.is_some_and(|name| VARIABLES.contains(&name))) {
                let must = format!(
                    "must use only the variables {}",
                    VARIABLES.map(|name| format!("${{{name}}}")).join(", ")
                );
                reader.refuse(path, must);
            }
        }
        Tree::List(items) => {
            for item in items {
                variables(reader, item, path);
            }
        }
        Tree::Map(members) => {
            for (key, value) in members {
                variables(reader, value, &reader::shown(path, key));
            }
        }
        Tree::Null | Tree::Bool(_) | Tree::Whole(_) | Tree::Number => {}
    }
}

#[cfg(test)]
mod tests;
