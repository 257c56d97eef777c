//! A folder of our own beside those of hosts. Files are written there before they are moved to their place, and its lock
//! lets one process write at a time.
//!
//! `clean` removes the folder, and with it the right of a running agent to write: see [`Area::lock`].

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Error, at};
use crate::files::PRIVATE;

/// The name of the folder. containerd looks for the names of hosts, which start with no dot.
pub(crate) const NAME: &str = ".serverless-node-agent";
const LOCK: &str = "lock";

/// The folder of our own.
#[derive(Clone, Debug)]
pub(crate) struct Area {
    path: PathBuf,
    /// The lock that was there when the folder was claimed. While it is open, no other file has its number.
    claimed: Arc<File>,
}

/// The right to write, until it is dropped.
#[derive(Debug)]
pub(crate) struct Guard {
    _lock: File,
}

impl Area {
    /// Creates the folder in `root`, unless it is there, and removes what an interrupted write has left in it.
    pub(crate) fn claim(root: &Path) -> Result<(Self, Guard), Error> {
        let path = root.join(NAME);
        loop {
            match DirBuilder::new().mode(0o700).create(&path) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                    return Err(at(&path, "created", error));
                }
                _ => {}
            }
            let lock = path.join(LOCK);
            let opened = OpenOptions::new().append(true).create(true).mode(PRIVATE).open(&lock);
            let claimed = match opened {
                // `clean` has removed the folder in between.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                opened => Arc::new(opened.map_err(|error| at(&lock, "created", error))?),
            };
            let area = Self { path: path.clone(), claimed };
            match area.lock() {
                Err(Error::Cleaned) => {}
                locked => {
                    let guard = locked?;
                    area.sweep()?;
                    return Ok((area, guard));
                }
            }
        }
    }

    /// Waits until no other process writes.
    ///
    /// # Errors
    /// [`Error::Cleaned`] if `clean` has removed the folder, even if somebody has claimed it since.
    pub(crate) fn lock(&self) -> Result<Guard, Error> {
        let path = self.lock_path();
        let failed = |error: io::Error| match error.kind() {
            ErrorKind::NotFound => Error::Cleaned,
            _ => at(&path, "locked", error),
        };
        let file = File::open(&path).map_err(failed)?;
        file.lock().map_err(failed)?;
        // While this process waited, the file may have been removed, and another one may have its name.
        let (claimed, there) =
            (self.claimed.metadata().map_err(failed)?, fs::metadata(&path).map_err(failed)?);
        let locked = file.metadata().map_err(failed)?;
        let is_claimed = [locked.ino(), there.ino()] == [claimed.ino(); 2];
        if is_claimed { Ok(Guard { _lock: file }) } else { Err(Error::Cleaned) }
    }

    /// A path for what is about to be moved from here, or has been moved here.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Removes everything but the lock.
    pub(crate) fn sweep(&self) -> Result<(), Error> {
        for entry in fs::read_dir(&self.path).map_err(|error| at(&self.path, "read", error))? {
            let entry = entry.map_err(|error| at(&self.path, "read", error))?;
            let (path, kind) = (entry.path(), entry.file_type());
            if path == self.lock_path() {
                continue;
            }
            let is_folder = kind.is_ok_and(|kind| kind.is_dir());
            let removed = if is_folder { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            removed.map_err(|error| at(&path, "removed", error))?;
        }
        Ok(())
    }

    /// Removes the folder. From now on, nobody who has claimed it writes.
    pub(crate) fn remove(self, guard: Guard) -> Result<(), Error> {
        self.sweep()?;
        fs::remove_file(self.lock_path()).map_err(|error| at(&self.lock_path(), "removed", error))?;
        drop(guard);
        match fs::remove_dir(&self.path) {
            // An agent that has just started has claimed it.
            Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => Ok(()),
            other => other.map_err(|error| at(&self.path, "removed", error)),
        }
    }

    fn lock_path(&self) -> PathBuf {
        self.path.join(LOCK)
    }
}
