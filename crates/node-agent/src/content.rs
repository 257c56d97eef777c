//! Whether a file is ours, and what it holds: its hash, so that no file is in memory as a whole.

use std::fs;
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use decide::hash::Pieces;
use decide::nodes::tree::File;
use zeroize::Zeroizing;

use crate::files::PRIVATE;

/// How many bytes are in memory at a time.
const PIECE: usize = 8 << 10;

/// What a file is, whose first bytes, as many as `length`, show whether it is ours. No more is read of files of others.
pub(crate) fn read(path: &Path, length: usize, is_ours: impl Fn(&[u8]) -> bool) -> io::Result<File> {
    let metadata = fs::symlink_metadata(path)?;
    if !metadata.is_file() {
        return Ok(File::Foreign);
    }
    let mut file = match fs::File::open(path) {
        // What this process cannot read, it has not written.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => return Ok(File::Foreign),
        file => file?,
    };
    // Wiped: it may hold a credential.
    let mut piece = Zeroizing::new(Vec::with_capacity(2 * PIECE));
    (&mut file).take(length as u64).read_to_end(&mut piece)?;
    if !is_ours(&piece) {
        return Ok(File::Foreign);
    }
    let mut pieces = Pieces::default();
    while !piece.is_empty() {
        pieces.add(&piece);
        piece.clear();
        (&mut file).take(PIECE as u64).read_to_end(&mut piece)?;
    }
    Ok(File::Ours { hash: pieces.hash(), is_private: metadata.mode() & 0o777 == PRIVATE })
}
