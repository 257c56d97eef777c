//! What a binary is made of (SBOM): the crates that are linked into it, with the versions, checksums and licences that
//! Cargo.lock and the crates state. No time and no random number is in it.

mod document;
mod lock;
mod tree;

use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::files;

/// The document of a package's binary for a Rust target.
pub fn document(package: &str, target: &str) -> anyhow::Result<String> {
    let tree = tree::parse(&cargo_tree(package, target)?)?;
    document::json(&tree, &lock::checksums(&files::read("Cargo.lock")?))
}

/// What Cargo says is linked: dependencies of the target alone, neither tools of the build nor macros, and only the
/// features that this package asks for.
fn cargo_tree(package: &str, target: &str) -> anyhow::Result<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["tree", "--locked", "--edges", "normal,no-proc-macro", "--prefix", "depth"])
        .args(["--format", tree::FORMAT, "--package", package, "--target", target])
        .current_dir(files::root())
        .output()
        .context("cargo tree")?;
    ensure!(output.status.success(), "cargo tree: {}", String::from_utf8_lossy(&output.stderr).trim_end());
    String::from_utf8(output.stdout).context("cargo tree")
}
