//! `cargo run -p xtask`: writes the generated manifests below the current folder.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

fn main() -> anyhow::Result<()> {
    for manifest in xtask::manifests()? {
        let path = Path::new(manifest.path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        }
        fs::write(path, manifest.text).context(manifest.path)?;
    }
    Ok(())
}
