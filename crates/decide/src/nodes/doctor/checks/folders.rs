//! Whether the folder of a host hides another.

use std::collections::BTreeMap;

use super::super::finding::{Finding, Place};
use super::super::input::Input;
use super::super::node::{Content, DEFAULT, HostFolder, Node};

pub(super) fn check(_: &Input<'_>, node: &Node<'_>) -> Vec<Finding> {
    let mut findings: Vec<_> =
        node.folders.iter().filter_map(|folder| shadows_default(node, folder)).collect();
    // The first one wins: containerd looks for `host_port_` before `host:port`, and in its folders in their order.
    let mut first: BTreeMap<&str, &HostFolder<'_>> = BTreeMap::new();
    for folder in &node.folders {
        let Some(seen) = first.get(folder.host.as_str()) else {
            first.insert(&folder.host, folder);
            continue;
        };
        let is_first = seen.root != folder.root || seen.path.ends_with('_');
        let (used, unused) = if is_first { (*seen, folder) } else { (folder, *seen) };
        first.insert(&folder.host, used);
        let problem = format!("containerd does not read it: it uses {} for {}", used.path, used.host);
        findings.push(Place::whole(&unused.path).error(problem, "delete one of the two folders"));
    }
    findings
}

/// A folder without a `hosts.toml` hides `_default`.
fn shadows_default(node: &Node<'_>, folder: &HostFolder<'_>) -> Option<Finding> {
    let is_empty = matches!(folder.content, Content::Missing) && !folder.has_certificates;
    let mut beside = node.folders.iter().filter(|other| other.root == folder.root);
    if !is_empty || folder.host == DEFAULT || !beside.any(|other| other.host == DEFAULT) {
        return None;
    }
    let problem =
        format!("holds no hosts.toml: containerd uses neither it nor {DEFAULT} for {}", folder.host);
    Some(Place::whole(&folder.path).error(problem, "delete the folder"))
}
