//! Why files of the node were not read or written.

use std::io;
use std::path::{Path, PathBuf};

/// Why files of the node were not read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file system refuses.
    #[error("{} cannot be {action}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was about to be done with it.
        action: &'static str,
        /// Why it was refused.
        source: io::Error,
    },
    /// Somebody else has a file there.
    #[error("{} is not ours: remove it, or choose another file", .0.display())]
    Foreign(PathBuf),
    /// The thread that wrote has ended.
    #[error("writing was interrupted: {0}")]
    Interrupted(#[from] tokio::task::JoinError),
    /// The claim of this process has ended.
    #[error(
        "another agent has the files of this node now, or `clean` has removed them: this agent writes nothing until it starts again"
    )]
    Superseded,
}

/// An error of the file system at a path.
pub(crate) fn at(path: &Path, action: &'static str, source: io::Error) -> Error {
    Error::Io { path: path.to_owned(), action, source }
}
