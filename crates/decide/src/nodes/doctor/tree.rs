//! The files of a node, as they were read: paths, contents, modes and times.

use std::collections::BTreeMap;
use std::ops::Bound;

use jiff::Timestamp;
use policy::container_registries::HiddenText;

/// Files and folders by their absolute paths on the node, which have `/` between their parts and none at their ends.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Tree {
    entries: BTreeMap<String, Entry>,
    /// The paths below which everything was read.
    roots: Vec<String>,
}

/// What is at a path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Entry {
    /// A folder.
    Folder,
    /// A file that was read.
    File(File),
    /// A file that is no UTF-8. What is none in its text is replaced.
    NotText(File),
    /// A file or folder that could not be read, and why.
    Unreadable(String),
}

/// A file that was read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct File {
    /// Its content.
    pub text: HiddenText,
    /// Its permission bits.
    pub mode: u32,
    /// When it was last changed.
    pub changed: Option<Timestamp>,
}

impl Tree {
    /// Adds what is at a path.
    pub fn add(&mut self, path: impl Into<String>, entry: Entry) {
        self.entries.insert(path.into(), entry);
    }

    /// Says that everything below a path, and the path itself, was read.
    pub fn add_root(&mut self, path: impl Into<String>) {
        self.roots.push(path.into());
    }

    /// Whether a path is in the tree if it is on the node.
    #[must_use]
    pub fn covers(&self, path: &str) -> bool {
        self.roots
            .iter()
            .any(|root| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
    }

    /// What is at a path.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&Entry> {
        self.entries.get(path)
    }

    /// All paths with what is at them, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries.iter().map(|(path, entry)| (path.as_str(), entry))
    }

    /// The names in a folder with what they are, in their order.
    pub(super) fn children<'a>(
        &'a self,
        folder: &str,
    ) -> impl Iterator<Item = (&'a str, &'a Entry)> + use<'a> {
        let start = format!("{folder}/");
        let length = start.len();
        let below = self.entries.range::<str, _>((Bound::Excluded(start.as_str()), Bound::Unbounded));
        below
            .take_while(move |(path, _)| path.starts_with(&start))
            .filter_map(move |(path, entry)| Some((path.get(length..)?, entry)))
            .filter(|(name, _)| !name.contains('/'))
    }
}

/// A path against a folder, without `.`, `..` and repeated `/`.
pub(super) fn joined(folder: &str, path: &str) -> String {
    let full = if path.starts_with('/') { path.to_owned() } else { format!("{folder}/{path}") };
    let mut parts: Vec<&str> = Vec::new();
    for part in full.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// The folder that a path is in.
pub(super) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::relative("/etc/containerd", "conf.d/a.toml", "/etc/containerd/conf.d/a.toml")]
    #[case::absolute("/etc/containerd", "/srv/a.toml", "/srv/a.toml")]
    #[case::parent("/etc/containerd", "../a//b/./c/", "/etc/a/b/c")]
    #[case::above_the_root("/etc", "../../../a", "/a")]
    fn paths_are_joined(#[case] folder: &str, #[case] path: &str, #[case] expected: &str) {
        assert_eq!(joined(folder, path), expected);
    }

    #[test]
    fn children_are_those_of_the_folder_alone() {
        let mut tree = Tree::default();
        for path in ["/a", "/a/b", "/a/b/c", "/a-b", "/a/d", "/e"] {
            tree.add(path, Entry::Folder);
        }
        let names: Vec<_> = tree.children("/a").map(|(name, _)| name).collect();
        assert_eq!(names, ["b", "d"]);
    }

    #[test]
    fn a_tree_covers_its_roots_and_what_is_below() {
        let mut tree = Tree::default();
        tree.add_root("/etc/containerd");
        let covered = ["/etc/containerd", "/etc/containerd/a", "/etc/containerd-b", "/etc"];
        assert_eq!(covered.map(|path| tree.covers(path)), [true, true, false, false]);
    }
}
