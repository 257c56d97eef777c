//! Which files in the folder of containerd are ours, and the steps from what is there to what is wanted.
//!
//! A file is ours if it has the name of such a file and its first line is the marker. A folder is ours if its `hosts.toml` is,
//! or if it holds files of ours alone. Everything else belongs to somebody else: no step ever touches it.

use std::collections::{BTreeMap, BTreeSet};

use policy::container_registries::HiddenText;

use super::files::MARKER;
use super::host_folder;
use super::render::hosts::FILE_NAME;
use crate::hash;

/// How many bytes of a file show whether it is ours.
pub const START: usize = MARKER.len() + 2;

/// What is in the folder of containerd.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Tree {
    /// The folders of hosts, by their names.
    pub folders: BTreeMap<String, Folder>,
    /// What is no folder, by its name.
    pub others: BTreeSet<String>,
}

/// What is in the folder of a host, by its name.
pub type Folder = BTreeMap<String, File>;

/// A file in the folder of a host.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum File {
    /// A file of ours: [`can_be_ours`], and [`is_marked`].
    Ours {
        /// The SHA-256 of its content, in hexadecimal.
        hash: String,
        /// Whether its owner alone may read and write it.
        is_private: bool,
    },
    /// What belongs to somebody else.
    Foreign,
}

/// What the folder of a host is to hold.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Wanted {
    /// What it holds already: it is not known yet which of its mirrors answer.
    AsIs,
    /// These files, by their names.
    Files(BTreeMap<String, HiddenText>),
}

/// A change of the folder of containerd. At each point of a step, containerd reads complete files and no empty folder.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Step {
    /// Creates the folder of a host together with its files.
    Create {
        /// Its name.
        folder: String,
        /// The files, by their names.
        files: BTreeMap<String, HiddenText>,
    },
    /// Adds a file to a folder of ours, or replaces it.
    Write {
        /// The name of the folder.
        folder: String,
        /// The name of the file.
        file: String,
        /// Its content.
        text: HiddenText,
    },
    /// Removes a file of ours.
    Remove {
        /// The name of the folder.
        folder: String,
        /// The name of the file.
        file: String,
    },
    /// Removes a folder that holds files of ours alone.
    RemoveFolder {
        /// Its name.
        folder: String,
    },
}

/// The steps to what is wanted, and what is left alone.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Plan {
    /// The steps in their order.
    pub steps: Vec<Step>,
    /// The paths of everything that is not ours.
    pub foreign: BTreeSet<String>,
    /// Those of them that are in the way of a host that is wanted: its files are not written.
    pub in_the_way: BTreeSet<String>,
}

impl Step {
    /// The folder that it changes.
    #[must_use]
    pub fn folder(&self) -> &str {
        match self {
            Self::Create { folder, .. }
            | Self::Write { folder, .. }
            | Self::Remove { folder, .. }
            | Self::RemoveFolder { folder } => folder,
        }
    }
}

/// Whether a file of ours can have this name. No other file needs to be read.
#[must_use]
pub fn can_be_ours(name: &str) -> bool {
    let is_ca = name.strip_prefix("ca-").is_some_and(|rest| rest.strip_suffix(".pem").is_some());
    name == FILE_NAME || is_ca
}

/// Whether a file with such a name is ours, by its first [`START`] bytes.
#[must_use]
pub fn is_marked(start: &[u8]) -> bool {
    let rest = start.strip_prefix(MARKER.as_bytes());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"\n") || rest.starts_with(b"\r\n"))
}

/// The steps from what is there to what is wanted. Without wanted folders they remove everything that is ours.
#[must_use]
pub fn plan(tree: &Tree, wanted: &BTreeMap<String, Wanted>) -> Plan {
    let mut plan = Plan { foreign: foreign(tree), ..Plan::default() };
    for (name, folder) in &tree.folders {
        if !wanted.contains_key(name) {
            plan.steps.extend(removal(name, folder));
        }
    }
    for (name, wanted) in wanted {
        // Ours is written all the same: it is used as soon as the other one is gone.
        plan.in_the_way.extend(host_folder::first(name).filter(|first| stays(tree, first)));
        if let Some(path) = obstacle(tree, name, wanted) {
            plan.in_the_way.insert(path);
            continue;
        }
        let Wanted::Files(files) = wanted else { continue };
        match tree.folders.get(name) {
            Some(folder) => plan.steps.extend(changes(name, folder, files)),
            None => plan.steps.push(Step::Create { folder: name.clone(), files: files.clone() }),
        }
    }
    plan
}

/// Whether something of this name is there that no step removes.
fn stays(tree: &Tree, name: &str) -> bool {
    let is_kept = |folder: &Folder| folder.is_empty() || ours(folder).count() < folder.len();
    tree.others.contains(name) || tree.folders.get(name).is_some_and(is_kept)
}

/// What of somebody else keeps a folder from becoming what is wanted.
fn obstacle(tree: &Tree, name: &str, wanted: &Wanted) -> Option<String> {
    if tree.others.contains(name) {
        return Some(name.to_owned());
    }
    let folder = tree.folders.get(name)?;
    if !is_our_folder(folder) {
        let has_hosts = folder.contains_key(FILE_NAME);
        return Some(if has_hosts { path(name, FILE_NAME) } else { name.to_owned() });
    }
    let Wanted::Files(files) = wanted else { return None };
    let is_taken = |file: &&String| folder.get(*file) == Some(&File::Foreign);
    let taken = files.keys().find(is_taken)?;
    Some(path(name, taken))
}

/// The steps in a folder of ours. `hosts.toml` refers to the other files, so new ones precede it, and old ones follow it.
fn changes(name: &str, folder: &Folder, wanted: &BTreeMap<String, HiddenText>) -> Vec<Step> {
    let is_new = |file: &str, text: &HiddenText| {
        let hash = hash::of_bytes(text.reveal().as_bytes());
        folder.get(file) != Some(&File::Ours { hash, is_private: true })
    };
    let write = |(file, text): (&String, &HiddenText)| {
        let (folder, file) = (name.to_owned(), file.clone());
        is_new(&file, text).then(|| Step::Write { folder, file, text: text.clone() })
    };
    let (hosts, others): (Vec<_>, Vec<_>) = wanted.iter().partition(|(file, _)| *file == FILE_NAME);
    let stale = ours(folder).filter(|file| !wanted.contains_key(*file));
    others
        .into_iter()
        .chain(hosts)
        .filter_map(write)
        .chain(stale.map(|file| Step::Remove { folder: name.to_owned(), file: file.to_owned() }))
        .collect()
}

/// The steps that remove what is ours. Files of somebody else keep their folder.
fn removal(name: &str, folder: &Folder) -> Vec<Step> {
    let mut files: Vec<_> = ours(folder).map(str::to_owned).collect();
    if files.is_empty() {
        return Vec::new();
    }
    if files.len() == folder.len() {
        return vec![Step::RemoveFolder { folder: name.to_owned() }];
    }
    // No file may refer to one that is gone.
    files.sort_by_key(|file| file != FILE_NAME);
    files.into_iter().map(|file| Step::Remove { folder: name.to_owned(), file }).collect()
}

/// The paths of everything that is not ours.
fn foreign(tree: &Tree) -> BTreeSet<String> {
    let in_folder = |(name, folder): (&String, &Folder)| {
        let files = folder.iter().filter(|(_, content)| **content == File::Foreign);
        let files: Vec<_> = files.map(|(file, _)| path(name, file)).collect();
        if folder.is_empty() { vec![name.clone()] } else { files }
    };
    tree.folders.iter().flat_map(in_folder).chain(tree.others.iter().cloned()).collect()
}

fn path(folder: &str, file: &str) -> String {
    format!("{folder}/{file}")
}

fn is_our_folder(folder: &Folder) -> bool {
    let is_marked = matches!(folder.get(FILE_NAME), Some(File::Ours { .. }));
    is_marked || (!folder.is_empty() && ours(folder).count() == folder.len())
}

/// The names of the files of ours.
fn ours(folder: &Folder) -> impl Iterator<Item = &str> {
    folder.iter().filter(|(_, content)| **content != File::Foreign).map(|(file, _)| file.as_str())
}

#[cfg(test)]
mod tests;
