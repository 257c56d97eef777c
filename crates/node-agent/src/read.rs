//! Reads what is in the folder of containerd.

use std::fs::{self, DirEntry};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use decide::nodes::tree::{File, Folder, Tree};
use policy::container_registries::HiddenText;

use crate::area;
use crate::error::{Error, at};
use crate::files::PRIVATE;
use crate::logins;

/// The largest file that can be ours: more than a Secret holds.
const SIZE_MAX: u64 = 1 << 20;

/// What is in the folder of containerd. A folder that is not there is empty.
pub(crate) fn tree(root: &Path) -> Result<Tree, Error> {
    let mut tree = Tree::default();
    for (name, entry) in entries(root)? {
        if name == area::NAME || logins::is_name(&name) {
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

fn folder(path: &Path) -> Result<Folder, Error> {
    entries(path)?
        .into_iter()
        .map(|(name, entry)| {
            let path = entry.path();
            Ok((name, file(&path).map_err(|error| at(&path, "read", error))?))
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

fn file(path: &Path) -> io::Result<File> {
    let metadata = fs::symlink_metadata(path)?;
    if !metadata.is_file() || metadata.len() > SIZE_MAX {
        return Ok(File::Other);
    }
    let mut text = String::new();
    let read = fs::File::open(path).and_then(|file| file.take(SIZE_MAX).read_to_string(&mut text));
    // Hidden at once, so that it is wiped.
    let text = HiddenText::new(text);
    match read {
        // What this process cannot read, it has not written.
        Err(error) if matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::PermissionDenied) => {
            Ok(File::Other)
        }
        Err(error) => Err(error),
        Ok(_) => Ok(File::Text { text, is_private: metadata.mode() & 0o777 == PRIVATE }),
    }
}
