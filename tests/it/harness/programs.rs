//! The programs of the workspace.

use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

/// The command that builds the tests builds the webhook alone. Building the others with the tests gives them the same features.
static BUILT: LazyLock<PathBuf> = LazyLock::new(|| {
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--locked", "--workspace", "--bins", "--test", "it"]).current_dir(testenv::root());
    let output = build.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    PathBuf::from(env!("CARGO_BIN_EXE_serverless-webhook"))
});

/// A program as it runs in clusters, by its name.
pub fn program(name: &str) -> PathBuf {
    BUILT.with_file_name(name)
}
