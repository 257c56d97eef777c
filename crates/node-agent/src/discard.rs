//! Removes a folder of a host that was moved from its place. What others have put into it in between goes back.

use std::io::ErrorKind;
use std::path::Path;

use decide::nodes::tree::File;

use crate::error::{Error, at};
use crate::files::FileSystem;
use crate::read;

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
            files.rename(folder, place).map_err(|error| at(folder, "moved back to its place", error))?;
            let root = place.parent().unwrap_or(Path::new("/"));
            files.sync(root).map_err(|error| at(root, "written to the disk", error))?;
        }
        gone => gone.map_err(|error| at(folder, "removed", error))?,
    }
    Ok(removed)
}
