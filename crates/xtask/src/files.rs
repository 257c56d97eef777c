//! Files of the repository.

use std::path::Path;

use anyhow::Context as _;

/// Reads a file by its path from the root of the repository.
pub(crate) fn read(path: &str) -> anyhow::Result<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::fs::read_to_string(root.join(path)).with_context(|| path.to_owned())
}
