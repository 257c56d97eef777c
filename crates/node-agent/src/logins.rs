//! The file with the logins for the kubelet's credential provider.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use decide::nodes::credentials_file::{CredentialsFile, FILE_NAME};
use policy::container_registries::HiddenText;
use zeroize::Zeroizing;

use crate::error::{Error, at};
use crate::files::{FileSystem as _, Real};

/// How a file is called until it is complete.
const NEW: &str = "new";

/// What is at the path of the file.
enum There {
    Nothing,
    /// A file of ours.
    Ours(Zeroizing<String>),
    /// A file with something else.
    Foreign,
}

/// Writes the file, unless it has this content. Returns whether it was written.
///
/// # Errors
/// If it cannot be written, or somebody else has a file there.
pub(crate) fn write(path: &Path, text: &HiddenText) -> Result<bool, Error> {
    match there(path)? {
        There::Foreign => return Err(Error::Foreign(path.to_owned())),
        There::Ours(known) if *known == text.reveal() => return Ok(false),
        There::Ours(_) | There::Nothing => {}
    }
    let new = path.with_added_extension("new");
    let folder = path.parent().unwrap_or(Path::new("/"));
    // What an interrupted write has left.
    let swept = Real.remove_file(&new);
    swept
        .or_else(|error| if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) })
        .and_then(|()| Real.write(&new, text.reveal().as_bytes()))
        .and_then(|()| Real.sync(&new))
        .and_then(|()| Real.rename(&new, path))
        .and_then(|()| Real.sync(folder))
        .map_err(|error| at(path, "written", error))?;
    Ok(true)
}

/// Removes the file, if it is ours. Returns whether it was there.
pub(crate) fn remove(path: &Path) -> Result<bool, Error> {
    sweep(path)?;
    if !matches!(there(path)?, There::Ours(_)) {
        return Ok(false);
    }
    Real.remove_file(path).map_err(|error| at(path, "removed", error))?;
    Ok(true)
}

/// Whether a file in the folder of containerd is the one with logins, or what an interrupted write of it has left.
pub(crate) fn is_name(name: &str) -> bool {
    name.strip_suffix(NEW).map_or(name, |name| name.trim_end_matches('.')) == FILE_NAME
}

/// Removes what an interrupted write has left, and returns the path for the next one.
fn sweep(path: &Path) -> Result<PathBuf, Error> {
    let new = path.with_added_extension(NEW);
    match Real.remove_file(&new) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(at(&new, "removed", error)),
        _ => Ok(new),
    }
}

fn there(path: &Path) -> Result<There, Error> {
    let text = match fs::read_to_string(path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(There::Nothing),
        Err(error) if error.kind() == ErrorKind::InvalidData => return Ok(There::Foreign),
        Err(error) => return Err(at(path, "read", error)),
    };
    let is_ours = serde_json::from_str::<CredentialsFile>(&text).is_ok();
    Ok(if is_ours { There::Ours(text) } else { There::Foreign })
}

#[cfg(test)]
mod tests;
