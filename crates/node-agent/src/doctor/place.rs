//! Where the paths of a node are on this machine.

use std::path::{Path, PathBuf};

use decide::nodes::doctor::FOLDER;

/// `/etc/containerd` of a node, and what is beside it.
#[derive(Debug)]
pub(super) struct Places {
    root: PathBuf,
    /// The folder that is `/` of the node, unless there is only a copy of `/etc/containerd`.
    node: Option<PathBuf>,
}

impl Places {
    /// A folder that is `/etc/containerd`, is it below another folder, or is a copy of it.
    pub(super) fn of(root: &Path) -> Self {
        let below = root.to_str().and_then(|root| root.trim_end_matches('/').strip_suffix(FOLDER));
        let node = below.map(|node| if node.is_empty() { PathBuf::from("/") } else { node.into() });
        Self { root: root.to_owned(), node }
    }

    /// The folder that is `/` of the node, unless there is only a copy.
    pub(super) fn node(&self) -> Option<&Path> {
        self.node.as_deref()
    }

    /// Where a path of the node is; none if it is not in the copy.
    pub(super) fn on_disk(&self, path: &str) -> Option<PathBuf> {
        match path.strip_prefix(FOLDER) {
            Some("") => Some(self.root.clone()),
            Some(rest) if rest.starts_with('/') => Some(self.root.join(rest.trim_start_matches('/'))),
            _ => self.node.as_ref().map(|node| node.join(path.trim_start_matches('/'))),
        }
    }

    /// A path of the node as its reader finds it.
    pub(super) fn shown(&self, path: &str) -> String {
        self.on_disk(path).map_or_else(|| path.to_owned(), |path| path.display().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_a_node_are_found() {
        let found = |root: &str, path: &str| {
            let places = Places::of(Path::new(root));
            let node = places.node().map(|node| node.display().to_string());
            (node, places.on_disk(path).map(|path| path.display().to_string()))
        };
        let some = |path: &str| Some(path.to_owned());
        assert_eq!(found("/etc/containerd/", "/etc/containerd"), (some("/"), some("/etc/containerd/")));
        assert_eq!(found("/etc/containerd", "/etc/docker/a"), (some("/"), some("/etc/docker/a")));
        assert_eq!(
            found("/host/etc/containerd", "/etc/docker/a"),
            (some("/host"), some("/host/etc/docker/a"))
        );
        assert_eq!(found("copy", "/etc/containerd/config.toml"), (None, some("copy/config.toml")));
        assert_eq!(found("copy", "/etc/containerd-2/config.toml"), (None, None));
        assert_eq!(found("copy", "/etc/docker/a"), (None, None));
    }
}
