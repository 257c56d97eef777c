//! A node as its files describe it: the settings of containerd, and the folder of each host.

use super::finding::Place;
use super::hosts_file::{self, HostsFile};
use super::settings::Settings;
use super::toml::Broken;
use super::tree::{Entry, File, Tree};
use crate::nodes::host_folder::host_of;
use crate::nodes::version::Version;

/// The name of the folder for all hosts that have none.
pub(super) const DEFAULT: &str = "_default";

/// What the files of a node say.
#[derive(Debug)]
pub(super) struct Node<'a> {
    pub(super) settings: Settings,
    /// In the order of `config_path`, then of their names.
    pub(super) folders: Vec<HostFolder<'a>>,
}

/// A folder for a host.
#[derive(Debug)]
pub(super) struct HostFolder<'a> {
    /// The folder that `config_path` names.
    pub(super) root: String,
    /// The path of this folder.
    pub(super) path: String,
    /// The host, or [`DEFAULT`].
    pub(super) host: String,
    /// Whether it holds certificates in the layout of Docker.
    pub(super) has_certificates: bool,
    pub(super) content: Content<'a>,
}

/// The `hosts.toml` of a folder.
#[derive(Debug)]
pub(super) enum Content<'a> {
    Missing,
    Unreadable(&'a str),
    NotText(&'a File),
    /// It holds no key.
    Empty,
    Broken(&'a File, Broken),
    Read(&'a File, Box<HostsFile>),
}

impl<'a> Node<'a> {
    pub(super) fn read(tree: &'a Tree, version: Version) -> Self {
        let settings = Settings::read(tree, version);
        let roots = settings.folders(version);
        let folders = roots.iter().flat_map(|root| host_folders(tree, root, version)).collect();
        Self { settings, folders }
    }
}

impl HostFolder<'_> {
    /// The path of the `hosts.toml`.
    pub(super) fn file(&self) -> String {
        format!("{}/{}", self.path, hosts_file::NAME)
    }

    /// A line of the `hosts.toml`.
    pub(super) fn line(&self, line: usize) -> Place {
        Place::line(self.file(), line)
    }

    /// The `hosts.toml`, if containerd reads it.
    pub(super) fn read(&self) -> Option<&HostsFile> {
        match &self.content {
            Content::Read(_, file) => Some(file),
            _ => None,
        }
    }
}

fn host_folders<'a>(tree: &'a Tree, root: &str, version: Version) -> Vec<HostFolder<'a>> {
    // The name of no host starts with a dot, but that of the agent's own folder does.
    let is_host = |(name, entry): &(&str, &Entry)| !name.starts_with('.') && matches!(entry, Entry::Folder);
    let folders = tree.children(root).filter(is_host);
    let read = |(name, _): (&str, &Entry)| {
        let path = format!("{root}/{name}");
        HostFolder {
            root: root.to_owned(),
            host: host_of(name),
            has_certificates: tree.children(&path).any(|(name, _)| is_certificate(name)),
            content: content(tree, &path, version),
            path,
        }
    };
    folders.map(read).collect()
}

fn content<'a>(tree: &'a Tree, folder: &str, version: Version) -> Content<'a> {
    let file = match tree.get(&format!("{folder}/{}", hosts_file::NAME)) {
        Some(Entry::File(file)) => file,
        Some(Entry::NotText(file)) => return Content::NotText(file),
        Some(Entry::Unreadable(why)) => return Content::Unreadable(why),
        Some(Entry::Folder) => return Content::Unreadable("it is a folder"),
        None => return Content::Missing,
    };
    match HostsFile::parse(file.text.reveal(), version) {
        Err(broken) => Content::Broken(file, broken),
        Ok(_) if hosts_file::is_empty(file.text.reveal()) => Content::Empty,
        Ok(hosts) => Content::Read(file, Box::new(hosts)),
    }
}

/// Whether containerd reads a file in the layout of Docker.
fn is_certificate(name: &str) -> bool {
    [".crt", ".cert"].iter().any(|extension| name.ends_with(extension))
}
