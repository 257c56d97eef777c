//! The file system, an operation at a time, so that a test can stop after any of them.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use crate::error::{Error, at};

/// The name of the folder of our own, beside those of hosts. containerd looks for names of hosts, which start with no dot.
pub(crate) const AREA: &str = ".serverless-node-agent";
/// The mode of every file: it may hold a credential.
pub(crate) const PRIVATE: u32 = 0o600;
/// The mode of the folder of a host.
const FOLDER: u32 = 0o755;

/// What the writer asks of the file system.
pub(crate) trait FileSystem {
    /// Creates a folder.
    fn create_folder(&self, path: &Path) -> io::Result<()>;
    /// Creates a file that its owner alone may read, and writes it.
    fn write(&self, path: &Path, text: &[u8]) -> io::Result<()>;
    /// Waits until a file or folder is on the disk.
    fn sync(&self, path: &Path) -> io::Result<()>;
    /// Moves a file or a folder.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove_file(&self, path: &Path) -> io::Result<()>;
    /// Removes a folder that is empty.
    fn remove_folder(&self, path: &Path) -> io::Result<()>;
}

/// That of the node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Real;

impl FileSystem for Real {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        DirBuilder::new().mode(FOLDER).create(path)?;
        // Whatever the umask.
        fs::set_permissions(path, Permissions::from_mode(FOLDER))
    }

    fn write(&self, path: &Path, text: &[u8]) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(PRIVATE).open(path)?;
        file.write_all(text)
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir(path)
    }
}

/// What is in a folder. None is empty.
pub(crate) fn children(folder: &Path) -> Result<Vec<fs::DirEntry>, Error> {
    match fs::read_dir(folder).and_then(Iterator::collect) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        entries => entries.map_err(|error| at(folder, "read", error)),
    }
}
