//! What containerd is configured with: its `config.toml`, merged with the files that it imports.

mod imports;
mod section;

use std::collections::{BTreeSet, VecDeque};

use super::finding::{Finding, Place};
use super::toml::{Toml, entry};
use super::tree::{Entry, Tree};
use crate::nodes::version::Version;
use section::RegistrySettings;

/// The folder of containerd.
pub const FOLDER: &str = "/etc/containerd";
/// Its configuration.
pub(super) const CONFIG: &str = "/etc/containerd/config.toml";
/// The folder for registries that everybody uses.
pub(super) const CERTS: &str = "/etc/containerd/certs.d";
/// What containerd uses if nothing is set, since 2.2.
const TWO_FOLDERS: &str = "/etc/containerd/certs.d:/etc/docker/certs.d";

/// The registry settings of containerd.
#[derive(Debug, Default)]
pub(super) struct Settings {
    /// What all of them say together.
    pub(super) registry: RegistrySettings,
    /// The files, in the order in which they are read.
    pub(super) files: BTreeSet<String>,
    /// Paths that are imported and not in the tree.
    pub(super) missing: BTreeSet<String>,
    /// What is wrong with the files.
    pub(super) faults: Vec<Finding>,
}

impl Settings {
    /// Reads what a tree holds for a version.
    pub(super) fn read(tree: &Tree, version: Version) -> Self {
        let mut settings = Self::default();
        let mut pending = VecDeque::from([(CONFIG.to_owned(), None)]);
        while let Some((path, imported)) = pending.pop_front() {
            if settings.files.contains(&path) {
                continue;
            }
            match tree.get(&path) {
                Some(Entry::File(file)) => {
                    settings.files.insert(path.clone());
                    let imports = settings.read_file(tree, version, &path, file.text.reveal());
                    pending.extend(imports);
                }
                Some(Entry::NotText(_)) => {
                    settings.faults.push(Place::whole(path).error("is no UTF-8", "write the file as UTF-8"));
                }
                Some(Entry::Unreadable(why)) => {
                    let problem = format!("cannot be read: {why}");
                    settings
                        .faults
                        .push(Place::whole(path).error(problem, "run the doctor as root on the node"));
                }
                Some(Entry::Folder) | None => settings.is_missing(tree, path, imported),
            }
        }
        settings
    }

    /// The folders in which containerd looks for `hosts.toml` files.
    pub(super) fn folders(&self, version: Version) -> Vec<&str> {
        let path = match &self.registry.config_path {
            Some((path, _)) if !path.is_empty() => path,
            _ if self.registry.mirrors.is_none() && version.uses_two_folders_by_default() => TWO_FOLDERS,
            _ => CERTS,
        };
        path.split(':')
            .filter(|folder| !folder.is_empty())
            .map(|folder| folder.trim_end_matches('/'))
            .collect()
    }

    /// Where `config_path` is, or where it would be.
    pub(super) fn place(&self) -> Place {
        let registry = &self.registry;
        let place = registry.config_path.as_ref().map(|(_, place)| place).or(registry.plugin.as_ref());
        place.cloned().unwrap_or_else(|| Place::whole(CONFIG))
    }

    /// Reads a file, and returns what it imports.
    fn read_file(
        &mut self,
        tree: &Tree,
        version: Version,
        path: &str,
        text: &str,
    ) -> Vec<(String, Option<Place>)> {
        let toml = match Toml::parse(text) {
            Ok(toml) => toml,
            Err(broken) => {
                let problem = format!("{}: containerd does not start", broken.what);
                self.faults.push(Place::line(path, broken.line).error(problem, "correct the line"));
                return Vec::new();
            }
        };
        section::read(&mut self.registry, version, path, &toml);
        let Some((key, imports)) = entry(toml.top(), "imports") else { return Vec::new() };
        let place = Place::line(path, toml.line_of(key, imports));
        let found = imports::resolve(tree, path, imports);
        found.into_iter().map(|path| (path, Some(place.clone()))).collect()
    }

    /// Says that a file is missing. containerd starts without its `config.toml`, and not without what that imports.
    fn is_missing(&mut self, tree: &Tree, path: String, imported: Option<Place>) {
        let Some(place) = imported else { return };
        if tree.covers(&path) {
            let problem = format!("imports {path}, which does not exist: containerd does not start");
            self.faults.push(place.error(problem, "create the file, or remove it from `imports`"));
        } else {
            self.missing.insert(path);
        }
    }
}
