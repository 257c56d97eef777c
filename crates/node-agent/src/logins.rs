//! The file with the logins for the kubelet's credential provider.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use decide::nodes::credentials_file::CredentialsFile;
use policy::container_registries::HiddenText;
use zeroize::Zeroizing;

use crate::error::{Error, at};
use crate::files::{FileSystem as _, Real};

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
    if !matches!(there(path)?, There::Ours(_)) {
        return Ok(false);
    }
    Real.remove_file(path).map_err(|error| at(path, "removed", error))?;
    Ok(true)
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
