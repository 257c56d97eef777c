//! A folder of our own beside those of hosts. Files are written there before they are moved to their place, and its lock
//! lets one process write at a time.
//!
//! An agent that claims the folder replaces the lock, and `clean` removes the folder. Either ends the right of another agent to
//! write: see [`Area::lock`]. The lock holds the UID of the Pod of the agent, so the end of another Pod removes nothing.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::discard::discard;
use crate::error::{Error, at};
use crate::files::{AREA, PRIVATE, Real, children};

const LOCK: &str = "lock";
/// The next lock, until it is moved to its place.
const NEXT: &str = "next";
/// The folders that were moved from their places, by their names.
pub(crate) const OLD: &str = "old";

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
    /// Creates the folder in `root`, unless it is there, for an owner. The claims of others end.
    pub(crate) fn claim(root: &Path, owner: &str) -> Result<Self, Error> {
        let (area, _guard) = Self::join(root)?;
        let (lock, next) = (area.lock_path(), area.path(NEXT));
        let claimed = OpenOptions::new().append(true).create_new(true).mode(PRIVATE).open(&next);
        let mut claimed = claimed.map_err(|error| at(&next, "created", error))?;
        claimed.write_all(owner.as_bytes()).map_err(|error| at(&next, "written", error))?;
        fs::rename(&next, &lock).map_err(|error| at(&lock, "replaced", error))?;
        Ok(Self { claimed: Arc::new(claimed), ..area })
    }

    /// Creates the folder in `root`, unless it is there, and removes what an interrupted write has left in it. The claims of
    /// others stay.
    pub(crate) fn join(root: &Path) -> Result<(Self, Guard), Error> {
        let path = root.join(AREA);
        loop {
            match DirBuilder::new().mode(0o700).create(&path) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists && is_folder(&path) => {}
                created => created.map_err(|error| at(&path, "created", error))?,
            }
            let lock = path.join(LOCK);
            let opened = OpenOptions::new().append(true).create(true).mode(PRIVATE).open(&lock);
            let claimed = match opened {
                // `clean` has removed the folder in the meantime.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                opened => Arc::new(opened.map_err(|error| at(&lock, "created", error))?),
            };
            let area = Self { path: path.clone(), claimed };
            match area.lock() {
                Err(Error::Superseded) => {}
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
    /// [`Error::Superseded`] if another agent has claimed the folder since, or `clean` has removed it.
    pub(crate) fn lock(&self) -> Result<Guard, Error> {
        let path = self.lock_path();
        let failed = |error: io::Error| match error.kind() {
            ErrorKind::NotFound => Error::Superseded,
            _ => at(&path, "locked", error),
        };
        let file = File::open(&path).map_err(failed)?;
        file.lock().map_err(failed)?;
        // While this process waited, the file may have been removed, and another one may have its name.
        let (claimed, there) =
            (self.claimed.metadata().map_err(failed)?, fs::metadata(&path).map_err(failed)?);
        let locked = file.metadata().map_err(failed)?;
        let is_claimed = [locked.ino(), there.ino()] == [claimed.ino(); 2];
        if is_claimed { Ok(Guard { _lock: file }) } else { Err(Error::Superseded) }
    }

    /// Who has claimed the folder; empty if nobody has, or an agent that does not know its Pod.
    pub(crate) fn owner(&self) -> Result<String, Error> {
        let lock = self.lock_path();
        fs::read_to_string(&lock).map_err(|error| at(&lock, "read", error))
    }

    /// A path for what is about to be moved from here, or has been moved here.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Ends what an interrupted write has begun: removes everything but the lock. What others have in a folder that was moved
    /// here goes back to its place.
    pub(crate) fn sweep(&self) -> Result<(), Error> {
        let old = self.path(OLD);
        for folder in children(&old)? {
            let place = self.root().join(folder.file_name());
            discard(&Real, &folder.path(), &place)?;
        }
        for entry in children(&self.path)? {
            let (path, kind) = (entry.path(), entry.file_type());
            if path == self.lock_path() {
                continue;
            }
            let removed = match kind {
                Ok(_) if path == old => fs::remove_dir(&path),
                Ok(kind) if kind.is_dir() => fs::remove_dir_all(&path),
                _ => fs::remove_file(&path),
            };
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

    /// The folder of containerd.
    fn root(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("/"))
    }
}

/// Whether a folder is there, and no link to one, or nothing any more.
fn is_folder(path: &Path) -> bool {
    path.symlink_metadata().map_or_else(|error| error.kind() == ErrorKind::NotFound, |found| found.is_dir())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_link_in_place_of_the_folder_is_refused() {
        for target in ["/nowhere", "/tmp"] {
            let root = tempfile::tempdir().unwrap();
            symlink(target, root.path().join(AREA)).unwrap();
            let error = Area::claim(root.path(), "").unwrap_err().to_string();
            let path = root.path().join(AREA);
            assert_eq!(error, format!("{} cannot be created: File exists (os error 17)", path.display()));
        }
    }
}
