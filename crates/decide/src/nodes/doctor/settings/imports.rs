//! The files that a configuration of containerd imports.

use glob::{MatchOptions, Pattern};
use toml_edit::Item;

use super::super::tree::{Entry, Tree, joined, parent};

/// As Go matches file names.
const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: false,
};

/// The paths that `imports` of a file names. A pattern names the files of the tree that it matches.
pub(super) fn resolve(tree: &Tree, file: &str, imports: &Item) -> Vec<String> {
    let items = imports.as_array().into_iter().flatten();
    let named = items.filter_map(|item| item.as_str()).map(|import| joined(parent(file), import));
    named.flat_map(|path| if path.contains('*') { matches(tree, &path) } else { vec![path] }).collect()
}

fn matches(tree: &Tree, pattern: &str) -> Vec<String> {
    let Ok(pattern) = Pattern::new(pattern) else { return Vec::new() };
    let files = tree.iter().filter(|(_, entry)| !matches!(entry, Entry::Folder));
    let found = files.filter(|(path, _)| pattern.matches_with(path, OPTIONS));
    found.map(|(path, _)| path.to_owned()).collect()
}
