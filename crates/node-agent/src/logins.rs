//! The file with the logins for the kubelet's credential provider.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use decide::nodes::credentials_file::{CredentialsFile, FILE_NAME};
use policy::container_registries::HiddenText;
use zeroize::Zeroizing;

use crate::error::{Error, at};
use crate::files::{FileSystem as _, PRIVATE, Real};

/// How a file is called until it is complete.
const NEW: &str = "serverless-node-agent-new";
/// What the file says of who writes it.
pub(crate) const OWNER: &str = "serverless-node-agent";
/// The largest file that can be ours.
const SIZE_MAX: u64 = 1 << 20;

/// What is at the path of the file.
enum There {
    Nothing,
    /// A file of ours.
    Ours {
        text: Zeroizing<String>,
        is_private: bool,
    },
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
        There::Ours { text: known, is_private: true } if *known == text.reveal() => return Ok(false),
        There::Ours { .. } | There::Nothing => {}
    }
    let new = sweep(path)?;
    let folder = path.parent().unwrap_or(Path::new("/"));
    Real.write(&new, text.reveal().as_bytes())
        .and_then(|()| Real.sync(&new))
        .and_then(|()| Real.rename(&new, path))
        .and_then(|()| Real.sync(folder))
        .map_err(|error| at(path, "written", error))?;
    Ok(true)
}

/// Removes the file, if it is ours. Returns whether it was there.
pub(crate) fn remove(path: &Path) -> Result<bool, Error> {
    sweep(path)?;
    if !matches!(there(path)?, There::Ours { .. }) {
        return Ok(false);
    }
    Real.remove_file(path).map_err(|error| at(path, "removed", error))?;
    Ok(true)
}

/// Whether a file in the folder of containerd is the one with logins, or what an interrupted write of it has left.
pub(crate) fn is_name(name: &str) -> bool {
    let name = name.strip_suffix(NEW).and_then(|name| name.strip_suffix('.')).unwrap_or(name);
    name == FILE_NAME
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
    let failed = |error| at(path, "read", error);
    let metadata = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(There::Nothing),
        metadata => metadata.map_err(failed)?,
    };
    if !metadata.is_file() || metadata.len() > SIZE_MAX {
        return Ok(There::Foreign);
    }
    let text = match fs::read_to_string(path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == ErrorKind::InvalidData => return Ok(There::Foreign),
        Err(error) => return Err(failed(error)),
    };
    let file = serde_json::from_str::<CredentialsFile>(&text);
    if !file.is_ok_and(|file| file.managed_by.as_deref() == Some(OWNER)) {
        return Ok(There::Foreign);
    }
    Ok(There::Ours { text, is_private: metadata.mode() & 0o777 == PRIVATE })
}

#[cfg(test)]
mod tests;
