//! What the doctor looks for, by topic.

mod config_path;
mod endpoints;
mod files;
mod folders;
mod probes;
mod wanted;

use super::finding::Finding;
use super::input::Input;
use super::node::Node;
pub(super) use files::named_files;

/// All checks.
pub(super) fn all(input: &Input<'_>, node: &Node<'_>) -> Vec<Finding> {
    let checks =
        [config_path::check, folders::check, files::check, endpoints::check, probes::check, wanted::check];
    checks.into_iter().flat_map(|check| check(input, node)).collect()
}

#[cfg(test)]
mod tests;
