//! How importers read maps: texts, flags and lists, with a report for each that is none, and for each unknown key.

use policy::container_registries::Tree;

use super::Imported;

/// A map in a file.
#[derive(Clone)]
pub(super) struct Fields<'a> {
    members: &'a [(String, Tree)],
    /// The file and the path in it: `registries.yaml: mirrors[docker.io]`.
    place: String,
}

impl<'a> Fields<'a> {
    /// The map at a place; nothing if it is absent or no map, which is an error.
    pub(super) fn new(imported: &mut Imported, tree: &'a Tree, place: String) -> Option<Self> {
        match tree {
            Tree::Map(members) => Some(Self { members, place }),
            Tree::Null => None,
            _ => {
                imported.errors.push(format!("{}: must be a map", place.trim_end_matches(": ")));
                None
            }
        }
    }

    /// The path of a key.
    pub(super) fn at(&self, key: &str) -> String {
        let separator = if self.place.ends_with(": ") { "" } else { "." };
        format!("{}{separator}{key}", self.place)
    }

    /// The members, each with its path: `mirrors[docker.io]`.
    pub(super) fn members(&self) -> impl Iterator<Item = (&'a str, &'a Tree, String)> {
        self.members
            .iter()
            .map(|(key, value)| (key.as_str(), value, format!("{}[{}]", self.place, shown(key))))
    }

    /// Reports what is in the file and not in the model.
    pub(super) fn leave_out(&self, imported: &mut Imported, key: &str, why: &str) {
        if self.get(key).is_some() {
            imported.left_out.push(format!("{}: {why}", self.at(key)));
        }
    }

    /// Reports each key that is not one of `known`.
    pub(super) fn only(&self, imported: &mut Imported, known: &[&str]) {
        for (key, _) in self.members.iter().filter(|(key, _)| !known.contains(&key.as_str())) {
            imported.left_out.push(format!("{}: this key is not known", self.at(&shown(key))));
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&'a Tree> {
        self.members
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value)
            .filter(|tree| !tree.is_null())
    }

    pub(super) fn map(&self, imported: &mut Imported, key: &str) -> Option<Self> {
        Self::new(imported, self.get(key)?, self.at(key))
    }

    /// A text. An empty one is treated as absent.
    pub(super) fn text(&self, imported: &mut Imported, key: &str) -> Option<&'a str> {
        match self.get(key)? {
            Tree::Text(text) => Some(text.as_str()).filter(|text| !text.is_empty()),
            _ => self.refuse(imported, key, "must be a text"),
        }
    }

    pub(super) fn flag(&self, imported: &mut Imported, key: &str) -> bool {
        match self.get(key) {
            None => false,
            Some(Tree::Bool(flag)) => *flag,
            Some(_) => {
                self.refuse::<bool>(imported, key, "must be true or false");
                false
            }
        }
    }

    /// A list of texts, or one text.
    pub(super) fn texts(&self, imported: &mut Imported, key: &str) -> Option<Vec<&'a str>> {
        let texts = match self.get(key)? {
            Tree::Text(text) => Some(vec![text.as_str()]),
            Tree::List(items) => items.iter().map(as_text).collect(),
            _ => None,
        };
        texts.or_else(|| self.refuse(imported, key, "must be a list of texts"))
    }

    pub(super) fn refuse<T>(&self, imported: &mut Imported, key: &str, must: &str) -> Option<T> {
        imported.errors.push(format!("{}: {must}", self.at(key)));
        None
    }
}

fn as_text(tree: &Tree) -> Option<&str> {
    if let Tree::Text(text) = tree { Some(text) } else { None }
}

/// A key as it may be shown: a URL can hold a password before `@`.
fn shown(key: &str) -> String {
    if key.contains('@') { "(hidden)".to_owned() } else { key.to_owned() }
}
