//! Whether a node has what was asked for.

mod logins;
mod servers;

use std::collections::BTreeMap;

use policy::container_registries::Host;

use super::super::finding::{Finding, Place};
use super::super::hosts_file::HostsFile;
use super::super::input::Input;
use super::super::node::{Content, HostFolder, Node};
use super::super::settings::CERTS;
use super::super::tree::Entry;
use crate::nodes::credentials_file::DEFAULT_PATH;
use crate::nodes::files::Files;
use crate::nodes::render::hosts::{self, Options};
use servers::Sides;

/// What helps where something differs.
const REMEDY: &str = "write what was asked for: `serverless-webhook render --to hosts` prints it";

pub(super) fn check(input: &Input<'_>, node: &Node<'_>) -> Vec<Finding> {
    let Some(wanted) = input.wanted else { return Vec::new() };
    let has_provider = matches!(input.tree.get(DEFAULT_PATH), Some(Entry::File(_) | Entry::NotText(_)));
    let options = Options { version: input.version, credentials: !has_provider, owned: false };
    let files = hosts::render(wanted, options).files;
    // containerd uses the first folder of a host.
    let mut folders: BTreeMap<&str, &HostFolder<'_>> = BTreeMap::new();
    for folder in &node.folders {
        folders.entry(&folder.host).or_insert(folder);
    }
    let root = node
        .settings
        .folders(input.version)
        .first()
        .map_or_else(|| CERTS.to_owned(), |root| (*root).to_owned());
    let mut findings: Vec<_> = wanted
        .0
        .keys()
        .flat_map(|host| match folders.get(host.as_str()) {
            Some(folder) => differences(input, folder, host, &files),
            None => vec![missing(&format!("{root}/{host}/{}", hosts::FILE_NAME), host)],
        })
        .collect();
    let is_wanted = |folder: &&HostFolder<'_>| wanted.0.keys().any(|host| host.as_str() == folder.host);
    findings.extend(node.folders.iter().filter(|folder| !is_wanted(folder)).filter_map(unwanted));
    findings.extend(logins::check(input.tree, wanted));
    findings
}

fn missing(path: &str, host: &Host) -> Finding {
    let asks = if host.is_any() { "the registry of each image".to_owned() } else { format!("{host} itself") };
    Place::whole(path).error(format!("is missing: containerd asks {asks}"), REMEDY)
}

fn unwanted(folder: &HostFolder<'_>) -> Option<Finding> {
    let has_file = !matches!(folder.content, Content::Missing);
    has_file.then(|| {
        let remedy = format!("delete the folder, or add {} to containerRegistries", folder.host);
        folder.line(1).warning(format!("configures {}, which nobody asked for", folder.host), remedy)
    })
}

/// What of a folder is not as it was asked for. What containerd does not read is found elsewhere.
fn differences(input: &Input<'_>, folder: &HostFolder<'_>, host: &Host, files: &Files) -> Vec<Finding> {
    let text = files.0.get(&format!("{host}/{}", hosts::FILE_NAME));
    let wanted = text.and_then(|text| HostsFile::parse(text.reveal(), input.version).ok());
    match (&folder.content, wanted) {
        (Content::Missing, _) => vec![missing(&folder.file(), host)],
        (Content::Read(_, found), Some(wanted)) => {
            let authority = |name: &str| files.0.get(&format!("{host}/{name}"));
            let sides = Sides { input, folder, found, wanted: &wanted, authority: &authority };
            servers::differences(&sides)
                .into_iter()
                .map(|(line, problem)| folder.line(line).error(problem, REMEDY))
                .collect()
        }
        _ => Vec::new(),
    }
}
