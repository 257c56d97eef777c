//! Folders of the project.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// The folder with the built binaries.
///
/// # Errors
/// If they are not built.
pub fn assets() -> anyhow::Result<PathBuf> {
    let assets = root().join("target/control-plane/current");
    anyhow::ensure!(
        assets.join("stages.yaml").exists(),
        "{} holds no control plane: build it with `make control-plane`",
        assets.display()
    );
    Ok(assets)
}

/// The folder `target/NAME/current` of something that make builds for the tests.
///
/// # Errors
/// If it is not built.
pub fn built(name: &str) -> anyhow::Result<PathBuf> {
    let current = root().join("target").join(name).join("current");
    let folder = current.canonicalize();
    folder.with_context(|| format!("{} is not there: build it with `make {name}`", current.display()))
}

/// The folder of a control plane: the `number`th that a process starts.
#[must_use]
pub fn folder_of(process: u32, number: u32) -> PathBuf {
    root().join(format!("target/testenv/{process}-{number}"))
}

/// The root of the repository.
#[must_use]
pub fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().unwrap_or(root)
}
