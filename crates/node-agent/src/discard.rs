//! Removes a folder of a host that was moved from its place. What others have put into it in between goes back.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use decide::nodes::tree::File;

use crate::error::{Error, at};
use crate::files::{FileSystem, children};
use crate::read;

/// What is added to the name of what goes back to a place that somebody else has taken.
const MOVED: &str = ".moved";

/// Removes the files of ours, and the folder if nothing else is in it; otherwise moves it back to its place. Returns how many
/// files were removed.
pub(crate) fn discard(files: &impl FileSystem, folder: &Path, place: &Path) -> Result<usize, Error> {
    let mut removed = 0;
    for (name, file) in read::folder(folder)? {
        if file != File::Foreign {
            let path = folder.join(name);
            files.remove_file(&path).map_err(|error| at(&path, "removed", error))?;
            removed += 1;
        }
    }
    match files.remove_folder(folder) {
        Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => {
            let moved = match files.rename(folder, place) {
                Err(error) if is_taken(&error) && place.is_dir() => {
                    return move_back(files, folder, place).map(|()| removed);
                }
                Err(error) if is_taken(&error) => files.rename(folder, &beside(place)),
                moved => moved,
            };
            moved.map_err(|error| at(folder, "moved back to its place", error))?;
            let root = place.parent().unwrap_or(Path::new("/"));
            files.sync(root).map_err(|error| at(root, "written to the disk", error))?;
        }
        gone => gone.map_err(|error| at(folder, "removed", error))?,
    }
    Ok(removed)
}

fn is_taken(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists | ErrorKind::NotADirectory)
}

/// Somebody has made a folder in the place meanwhile: each file goes there by itself.
fn move_back(files: &impl FileSystem, folder: &Path, place: &Path) -> Result<(), Error> {
    for entry in children(folder)? {
        let (path, place) = (entry.path(), beside(&place.join(entry.file_name())));
        files.rename(&path, &place).map_err(|error| at(&path, "moved back to its place", error))?;
    }
    files.sync(place).map_err(|error| at(place, "written to the disk", error))?;
    files.remove_folder(folder).map_err(|error| at(folder, "removed", error))
}

/// A path that is free: this one, or one beside it.
fn beside(path: &Path) -> PathBuf {
    let mut free = path.to_owned();
    while free.symlink_metadata().is_ok() {
        free.as_mut_os_string().push(MOVED);
    }
    free
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::files::Real;

    /// A folder that was moved away, with a file of somebody else, and what is in its place by then.
    fn discarded(there: impl FnOnce(&Path)) -> Vec<String> {
        let root = tempfile::tempdir().unwrap();
        let (folder, place) = (root.path().join("old"), root.path().join("quay.io"));
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("notes"), "theirs").unwrap();
        there(&place);
        assert_eq!(discard(&Real, &folder, &place).unwrap(), 0);
        assert!(!folder.exists());
        let texts = walk(root.path()).into_iter().map(|path| {
            let name = path.strip_prefix(root.path()).unwrap().display().to_string();
            format!("{name}: {}", fs::read_to_string(&path).unwrap())
        });
        let mut texts: Vec<_> = texts.collect();
        texts.sort();
        texts
    }

    fn walk(folder: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
    }

    #[test]
    fn what_others_have_goes_back_whatever_is_in_its_place() {
        assert_eq!(discarded(|_| {}), ["quay.io/notes: theirs"]);
        let with_a_folder = discarded(|place| {
            fs::create_dir(place).unwrap();
            fs::write(place.join("notes"), "newer").unwrap();
        });
        assert_eq!(with_a_folder, ["quay.io/notes.moved: theirs", "quay.io/notes: newer"]);
        let with_a_file = discarded(|place| fs::write(place, "a file").unwrap());
        assert_eq!(with_a_file, ["quay.io.moved/notes: theirs", "quay.io: a file"]);
    }
}
