//! Reads what is in the folder of containerd. Of files that are not ours, no more than the first line.

use std::fs::{self, DirEntry};
use std::io::{self, ErrorKind};
use std::path::Path;

use decide::nodes::tree::{self, File, Folder, Tree};

use crate::content;
use crate::error::{Error, at};
use crate::files::AREA;
use crate::logins;

/// What is in the folder of containerd. A folder that is not there is empty.
pub(crate) fn tree(root: &Path) -> Result<Tree, Error> {
    let mut tree = Tree::default();
    for (name, entry) in entries(root)? {
        if name == AREA || logins::is_name(&name) {
            continue;
        }
        let path = entry.path();
        let kind = entry.file_type().map_err(|error| at(&path, "read", error))?;
        if kind.is_dir() {
            match folder(&path) {
                // What this process cannot read, it has not written.
                Err(Error::Io { source, .. }) if source.kind() == ErrorKind::PermissionDenied => {
                    tree.others.insert(name);
                }
                read => drop(tree.folders.insert(name, read?)),
            }
        } else {
            tree.others.insert(name);
        }
    }
    Ok(tree)
}

/// What is in the folder of a host.
pub(crate) fn folder(path: &Path) -> Result<Folder, Error> {
    entries(path)?
        .into_iter()
        .map(|(name, entry)| {
            let path = entry.path();
            if !tree::can_be_ours(&name) {
                return Ok((name, File::Foreign));
            }
            let file = content::read(&path, tree::START, tree::is_marked);
            Ok((name, file.map_err(|error| at(&path, "read", error))?))
        })
        .collect()
}

/// The entries by their names. No name of ours is other than UTF-8, so for others a readable form is enough.
fn entries(path: &Path) -> Result<Vec<(String, DirEntry)>, Error> {
    let failed = |error| at(path, "read", error);
    let entries = match fs::read_dir(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let named = |entry: io::Result<DirEntry>| {
        let entry = entry.map_err(failed)?;
        Ok((entry.file_name().to_string_lossy().into_owned(), entry))
    };
    entries.map(named).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

    use std::process::Command;

    use decide::hash;
    use decide::nodes::files::MARKER;

    use super::*;

    #[test]
    fn a_file_is_ours_by_its_first_line_however_large_it_is() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("docker.io");
        fs::create_dir(&folder).unwrap();
        let large = format!("{MARKER}\n{}", "# more\n".repeat(300_000));
        fs::write(folder.join("hosts.toml"), &large).unwrap();
        // No text.
        let mut bytes = format!("{MARKER}\n").into_bytes();
        bytes.push(0xff);
        fs::write(folder.join("ca-a.pem"), &bytes).unwrap();
        fs::write(folder.join("ca-b.pem"), &large[1..]).unwrap();
        fs::write(folder.join("ca-c.pem"), "").unwrap();
        let read = tree(root.path()).unwrap();
        let ours = |bytes: &[u8]| File::Ours { hash: hash::of_bytes(bytes), is_private: false };
        let expected = [
            ("ca-a.pem", ours(&bytes)),
            ("ca-b.pem", File::Foreign),
            ("ca-c.pem", File::Foreign),
            ("hosts.toml", ours(large.as_bytes())),
        ];
        assert_eq!(read.folders["docker.io"], expected.map(|(name, file)| (name.to_owned(), file)).into());
    }

    /// A pipe blocks whoever opens it.
    #[test]
    fn what_no_file_of_ours_can_be_is_not_opened() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("docker.io");
        fs::create_dir(&folder).unwrap();
        for name in ["hosts.toml", "hosts.toml.bak", "pipe"] {
            assert!(Command::new("mkfifo").arg(folder.join(name)).status().unwrap().success());
        }
        let read = tree(root.path()).unwrap();
        assert!(read.folders["docker.io"].values().all(|file| *file == File::Foreign));
        assert_eq!(read.folders["docker.io"].len(), 3);
    }
}
