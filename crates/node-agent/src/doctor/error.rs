//! Why nothing was examined.

use std::io;
use std::path::PathBuf;

/// Why nothing was examined.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There are more files than a node has.
    #[error("{} holds more files than a node has: give the folder of containerd to --root", .0.display())]
    TooMany(PathBuf),
    /// The files are larger than those of a node.
    #[error("{} holds more than 64 MiB, and a node some kilobytes: give the folder of containerd to --root", .0.display())]
    TooLarge(PathBuf),
    /// The value that was asked for is wrong. No line holds a credential.
    #[error("{} is no valid value:\n{problems}", path.display())]
    Wanted {
        /// The file.
        path: PathBuf,
        /// A line for each problem.
        problems: String,
    },
}
