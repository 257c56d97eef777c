//! Why a node does not pull as it was asked to: findings, each with a file, a line and a remedy.
//!
//! It reads what is on the node as containerd does. Reading files and asking mirrors is not here.

mod authorities;
mod checks;
mod finding;
mod hosts_file;
mod input;
mod node;
mod probe;
mod settings;
mod toml;
mod tree;

use super::version::Version;
pub use authorities::end_of_validity;
pub use finding::{Finding, Place, Severity};
pub use input::Input;
use node::Node;
pub use probe::{Answer, Probe, Target, targets};
pub use settings::FOLDER;
pub use tree::{Entry, File, Tree};

/// What is wrong with a node, by file and line.
#[must_use]
pub fn examine(input: &Input<'_>) -> Vec<Finding> {
    let node = Node::read(input.tree, input.version);
    let mut findings = checks::all(input, &node);
    findings.sort();
    findings.dedup();
    findings
}

/// The paths that the configuration names and the tree does not cover, in their order.
#[must_use]
pub fn uncovered(tree: &Tree, version: Version) -> Vec<String> {
    let node = Node::read(tree, version);
    let folders = node.settings.folders(version).into_iter().map(str::to_owned);
    let named = node.folders.iter().flat_map(|folder| checks::named_files(folder).map(|(path, _)| path));
    let mut paths: Vec<_> = node.settings.missing.iter().cloned().chain(folders).chain(named).collect();
    // Nobody knows what a relative path of `config_path` is relative to.
    paths.retain(|path| path.starts_with('/') && !tree.covers(path));
    paths.sort();
    paths.dedup();
    paths
}
