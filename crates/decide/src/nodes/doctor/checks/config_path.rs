//! Whether containerd reads `hosts.toml` files at all.

use super::super::finding::{Finding, Place};
use super::super::input::Input;
use super::super::node::Node;
use super::super::settings::{CERTS, Settings};
use super::super::tree::Entry;

pub(super) fn check(input: &Input<'_>, node: &Node<'_>) -> Vec<Finding> {
    let settings = &node.settings;
    if !settings.faults.is_empty() {
        // containerd does not start, so the rest of its configuration says nothing.
        return settings.faults.clone();
    }
    let checks = [folders, tables, unread, started, existence];
    checks.into_iter().flat_map(|check| check(input, settings)).collect()
}

/// `config_path` names one folder.
fn folders(input: &Input<'_>, settings: &Settings) -> Vec<Finding> {
    let Input { version, .. } = input;
    let place = settings.place();
    let table = format!("[plugins.\"{}\".registry]", version.plugin());
    let remedy = format!("set `config_path = \"{CERTS}\"` in {table} and restart containerd");
    let ignores = version.ignores_two_folders() && !settings.registry.pulls_locally();
    let finding = if settings.registry.has_config_path() {
        let is_two = settings.folders(*version).len() > 1;
        (is_two && ignores).then(|| {
            let problem =
                format!("`config_path` names two folders: containerd {version} ignores every hosts.toml");
            place.error(problem, remedy)
        })
    } else if settings.registry.mirrors.is_some() {
        let problem = "`config_path` is not set: containerd uses `mirrors` and reads no hosts.toml";
        Some(place.error(problem, format!("{remedy}; delete `mirrors`")))
    } else if !version.uses_two_folders_by_default() {
        Some(place.error("`config_path` is not set: containerd reads no hosts.toml", remedy))
    } else {
        ignores.then(|| {
            let problem = format!(
                "`config_path` is not set: containerd {version} uses two folders and ignores every hosts.toml"
            );
            place.error(problem, remedy)
        })
    };
    finding.into_iter().collect()
}

/// Nothing else configures registries.
fn tables(input: &Input<'_>, settings: &Settings) -> Vec<Finding> {
    if !settings.registry.has_config_path() {
        return Vec::new();
    }
    let load = "the CRI plugin does not load, and the node runs no Pod";
    let mirrors = settings.registry.mirrors.as_ref().map(|place| {
        let problem = format!("`mirrors` is set together with `config_path`: {load}");
        place.error(problem, "delete `mirrors`: hosts.toml files replace it")
    });
    let configs = settings.registry.configs.as_ref().map(|place| {
        let remedy = "delete `configs`: hosts.toml files and pull Secrets replace it";
        if input.version.major < 2 && settings.registry.has_tls_in_configs {
            place.error(format!("`configs` holds `tls`, together with `config_path`: {load}"), remedy)
        } else {
            let problem = "`configs` is set together with `config_path`: containerd is going to remove it";
            place.warning(problem, remedy)
        }
    });
    mirrors.into_iter().chain(configs).collect()
}

/// The settings are where this version reads them.
fn unread(input: &Input<'_>, settings: &Settings) -> Vec<Finding> {
    let version = input.version;
    let find = |(plugin, place): &(&str, Place)| {
        let problem =
            format!("[plugins.\"{plugin}\".registry]: containerd {version} does not read this table");
        place.error(problem, format!("move it to [plugins.\"{}\".registry]", version.plugin()))
    };
    settings.registry.unread.iter().map(find).collect()
}

/// containerd read the files after they were changed.
fn started(input: &Input<'_>, settings: &Settings) -> Vec<Finding> {
    let Some(started) = input.started else { return Vec::new() };
    let is_newer = |path: &&String| match input.tree.get(path) {
        Some(Entry::File(file)) => file.changed.is_some_and(|changed| changed > started),
        _ => false,
    };
    let find = |path: &String| {
        let problem = "was changed after containerd started: containerd does not know it yet";
        Place::whole(path).error(problem, "restart containerd")
    };
    settings.files.iter().filter(is_newer).map(find).collect()
}

/// One of the folders exists.
fn existence(input: &Input<'_>, settings: &Settings) -> Vec<Finding> {
    let Some((path, place)) = settings.registry.config_path.as_ref().filter(|(path, _)| !path.is_empty())
    else {
        return Vec::new();
    };
    let is_absent = |folder: &str| input.tree.covers(folder) && input.tree.get(folder).is_none();
    if settings.folders(input.version).into_iter().all(is_absent) {
        let problem = format!("`config_path` names {path}, which does not exist");
        return vec![place.warning(problem, "create the folder, or correct the path and restart containerd")];
    }
    Vec::new()
}
