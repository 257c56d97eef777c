//! The file with the logins for the kubelet's credential provider.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use decide::hash;
use decide::nodes::credentials_file::{FILE_NAME, START};
use decide::nodes::tree::File;
use policy::container_registries::HiddenText;

use crate::content;
use crate::error::{Error, at};
use crate::files::{FileSystem as _, Real};

/// How a file is called until it is complete.
const NEW: &str = "serverless-node-agent-new";

/// Writes the file, unless it has this content. Returns whether it was written.
///
/// # Errors
/// If it cannot be written, or somebody else has a file there.
pub(crate) fn write(path: &Path, text: &HiddenText) -> Result<bool, Error> {
    let bytes = text.reveal().as_bytes();
    match there(path)? {
        Some(File::Foreign) => return Err(Error::Foreign(path.to_owned())),
        Some(File::Ours { hash, is_private: true }) if hash == hash::of_bytes(bytes) => return Ok(false),
        Some(File::Ours { .. }) | None => {}
    }
    let new = sweep(path)?;
    Real.write(&new, bytes)
        .and_then(|()| Real.sync(&new))
        .and_then(|()| Real.rename(&new, path))
        .and_then(|()| Real.sync(folder(path)))
        .map_err(|error| at(path, "written", error))?;
    Ok(true)
}

/// Removes the file, if it is ours. Returns whether it was there.
pub(crate) fn remove(path: &Path) -> Result<bool, Error> {
    sweep(path)?;
    if !matches!(there(path)?, Some(File::Ours { .. })) {
        return Ok(false);
    }
    let removed = Real.remove_file(path).and_then(|()| Real.sync(folder(path)));
    removed.map_err(|error| at(path, "removed", error))?;
    Ok(true)
}

/// Whether a file in the folder of containerd is the one with logins, or what an interrupted write of it has left.
pub(crate) fn is_name(name: &str) -> bool {
    let name = name.strip_suffix(NEW).and_then(|name| name.strip_suffix('.')).unwrap_or(name);
    name == FILE_NAME
}

fn folder(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}

/// Removes what an interrupted write has left, and returns the path for the next one.
fn sweep(path: &Path) -> Result<PathBuf, Error> {
    let new = path.with_added_extension(NEW);
    match Real.remove_file(&new) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(at(&new, "removed", error)),
        _ => Ok(new),
    }
}

/// What is at the path of the file.
pub(crate) fn there(path: &Path) -> Result<Option<File>, Error> {
    match content::read(path, START.len(), |start| start == START.as_bytes()) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        read => read.map(Some).map_err(|error| at(path, "read", error)),
    }
}

#[cfg(test)]
mod tests;
