//! Where `render` writes: files that only their owner can read, or the standard output.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use decide::nodes::files::Files;
use process::exit::Exit;
use process::printed::Printed;

/// The mode of a file that its owner alone may read.
const PRIVATE: u32 = 0o600;

/// Prints all files, each below a comment with its path.
pub(super) fn print(files: &Files) -> Exit {
    let mut printed = Printed::default();
    for (index, (path, text)) in files.0.iter().enumerate() {
        let separator = if index == 0 { "" } else { "\n" };
        printed.print(format_args!("{separator}# {path}\n{}", text.reveal()));
    }
    printed.exit(Exit::Success)
}

/// Writes all files below a folder, or none if one is there with another content.
pub(super) fn write(files: &Files, folder: &Path, force: bool) -> Exit {
    let mut changed = Vec::new();
    for (path, text) in &files.0 {
        let path = folder.join(path);
        match fs::read(&path) {
            Ok(present) if present == text.reveal().as_bytes() => {
                if !is_private(&path) {
                    changed.push((path, text));
                }
            }
            Err(error) if error.kind() == ErrorKind::NotFound => changed.push((path, text)),
            Ok(_) if force => changed.push((path, text)),
            Ok(_) => {
                let path = path.display();
                return Exit::Usage.because(format_args!("{path} exists and differs: --force replaces it"));
            }
            Err(error) => return Exit::Usage.because(format_args!("{}: {error}", path.display())),
        }
    }
    let mut printed = Printed::default();
    for (path, text) in changed {
        if let Err(error) = replace(&path, text.reveal()) {
            return Exit::Usage.because(format_args!("{}: {error}", path.display()));
        }
        printed.print(format_args!("{}\n", path.display()));
    }
    printed.exit(Exit::Success)
}

/// Whether nobody but its owner may read a file.
fn is_private(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o777 | PRIVATE == PRIVATE)
}

/// Replaces a file at once: who reads it sees the old text or the new one.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = folder.join(format!(".{name}.{}", std::process::id()));
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(PRIVATE)
        .open(&beside)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}
