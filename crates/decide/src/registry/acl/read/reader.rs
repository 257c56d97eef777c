//! What all parts of a file are read with: an error for each value that is not what it must be.

use policy::container_registries::Tree;

use crate::registry::acl::error::{AclError, Warning};

/// The least similarity of a key to a known one that is worth a hint.
const SIMILAR: f64 = 0.8;
/// The longest key that an error shows.
const KEY_MAX: usize = 64;

/// What has been found so far.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub(super) errors: Vec<AclError>,
    pub(super) warnings: Vec<Warning>,
}

/// A key in a map: `acl[0].match`, or `acl` at the top.
pub(super) fn member(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// The path of a key that its author chose: the map's, if the key is no word.
pub(super) fn shown(path: &str, key: &str) -> String {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if key.len() <= KEY_MAX && key.bytes().all(is_word) && !key.is_empty() {
        member(path, key)
    } else {
        path.to_owned()
    }
}

impl Reader {
    /// A field is not what it must be.
    pub(super) fn refuse(&mut self, field: &str, must: impl Into<String>) {
        self.errors.push(AclError { field: field.to_owned(), must: must.into() });
    }

    /// An author should know something about a field.
    pub(super) fn warn(&mut self, field: &str, text: impl Into<String>) {
        self.warnings.push(Warning { field: field.to_owned(), text: text.into() });
    }

    /// The members of a map.
    pub(super) fn members<'a>(&mut self, tree: &'a Tree, path: &str) -> Option<&'a [(String, Tree)]> {
        if let Tree::Map(members) = tree {
            return Some(members);
        }
        self.refuse(path, "must be a map");
        None
    }

    /// The items of a list.
    pub(super) fn items<'a>(&mut self, tree: &'a Tree, path: &str) -> Option<&'a [Tree]> {
        if let Tree::List(items) = tree {
            return Some(items);
        }
        self.refuse(path, "must be a list");
        None
    }

    /// A text, if the key is there.
    pub(super) fn text<'a>(&mut self, map: &'a Tree, path: &str, key: &str) -> Option<&'a str> {
        map.get(key).and_then(|value| self.is_text(value, &member(path, key)))
    }

    /// A value that must be a text.
    pub(super) fn is_text<'a>(&mut self, value: &'a Tree, path: &str) -> Option<&'a str> {
        if let Tree::Text(text) = value {
            return Some(text);
        }
        self.refuse(path, "must be a text: put it into quotes");
        None
    }

    /// Refuses each key that is neither `known` nor `also`. `remedy` may have one of its own; it gets the known key that is
    /// like the one that is wrong.
    pub(super) fn only(
        &mut self,
        members: &[(String, Tree)],
        path: &str,
        known: &[&str],
        also: &[&str],
        remedy: impl Fn(&str, &Tree, Option<&str>) -> Option<String>,
    ) {
        let is_known = |key: &str| known.contains(&key) || also.contains(&key);
        for (key, value) in members.iter().filter(|(key, _)| !is_known(key)) {
            let likeness = |known: &&&str| strsim::jaro_winkler(known, key);
            let nearest = known.iter().max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
            let near = nearest.filter(|near| likeness(near) >= SIMILAR).copied();
            let must = remedy(key, value, near).unwrap_or_else(|| match near {
                Some(near) => format!("there is no such key: did you mean {near}?"),
                None => format!("there is no such key: the keys are {}", known.join(", ")),
            });
            self.refuse(&shown(path, key), must);
        }
    }
}
