//! Reads the users that are written beside the rules.

use std::collections::BTreeMap;

use api::names::registry::SERVICE_ACCOUNT_USER;
use policy::container_registries::Tree;
use policy::image_registry_accounts::bcrypt::{self, Bcrypt};

use super::reader::{Reader, member, shown};
use crate::registry::NAME_MAX;
use crate::registry::acl::request::ANONYMOUS;
use crate::registry::acl::user::User;
use crate::registry::labels::Labels;

pub(super) fn read(reader: &mut Reader, tree: &Tree) -> BTreeMap<String, User> {
    let mut users = BTreeMap::new();
    for (name, value) in reader.members(tree, "users").unwrap_or_default() {
        let path = if name == ANONYMOUS { "users.\"\"".to_owned() } else { shown("users", name) };
        if name.len() > NAME_MAX
            || name.contains(|character: char| character == ':' || character.is_control())
        {
            reader.refuse(
                &path,
                "must have a name of at most 255 bytes, without colons and control characters",
            );
        }
        if name == SERVICE_ACCOUNT_USER {
            reader.refuse(
                &path,
                "must not be serviceaccount: this user logs in with the token of a service account",
            );
        }
        let Some(user) = user(reader, value, &path, name == ANONYMOUS) else { continue };
        users.insert(name.clone(), user);
    }
    users
}

fn user(reader: &mut Reader, tree: &Tree, path: &str, is_anonymous: bool) -> Option<User> {
    // `"":` without anything behind it is how people allow anonymous requests.
    if tree.is_null() && is_anonymous {
        return Some(User { hash: None, labels: Labels::default() });
    }
    let members = reader.members(tree, path)?;
    reader.only(members, path, &["password", "labels"], &[], |_, _, _| None);
    let password = member(path, "password");
    let hash = match (reader.text(tree, path, "password"), is_anonymous) {
        (None, true) => None,
        (Some(_), true) => {
            reader.refuse(&password, "must not be set: \"\" is who has not logged in");
            None
        }
        (None, false) => {
            if tree.get("password").is_none() {
                reader.refuse(&password, "is required: without it, anybody would be this user");
            }
            None
        }
        (Some(text), false) => Some(hash(reader, text, &password)?),
    };
    Some(User { hash, labels: labels(reader, tree.get("labels"), &member(path, "labels")) })
}

fn hash(reader: &mut Reader, text: &str, path: &str) -> Option<Bcrypt> {
    bcrypt::parse(text).map_err(|error| reader.refuse(path, error.to_string())).ok()
}

fn labels(reader: &mut Reader, tree: Option<&Tree>, path: &str) -> Labels {
    let Some(tree) = tree else { return Labels::default() };
    let mut labels = BTreeMap::new();
    for (name, value) in reader.members(tree, path).unwrap_or_default() {
        let path = shown(path, name);
        let items =
            if let Tree::List(items) = value { items.as_slice() } else { std::slice::from_ref(value) };
        let texts = items.iter().filter_map(|item| reader.is_text(item, &path));
        labels.insert(name.clone(), texts.map(str::to_owned).collect());
    }
    Labels::new(labels).map_err(|error| reader.refuse(path, error.to_string())).unwrap_or_default()
}
