//! A folder that is deleted when its process ends, in whatever way.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::Context as _;

/// Deletes its argument when its standard input ends, unless it received a line before. The input ends with the
/// starting process. Processes that are killed at the same time may still write for a moment, so it deletes for two
/// seconds.
const SWEEPER: &str = r#"read -r keep && exit
for attempt in 1 2 3 4 5 6 7 8 9 10; do rm -rf "$1" 2>/dev/null; sleep 0.2; done"#;

/// A folder that is deleted when this process ends.
#[derive(Debug)]
pub struct Leftovers(Child);

impl Leftovers {
    /// Deletes the folder when this process ends. The folder need not exist yet.
    ///
    /// If the shell for this cannot be started.
    /// If the shell that does it cannot be started.
    pub fn delete(folder: &Path) -> anyhow::Result<Self> {
        let mut shell = Command::new("sh");
        shell.args(["-c", SWEEPER, "sweeper"]).arg(folder);
        // A separate process group, so that Ctrl-C does not reach it.
        shell.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Self(shell.spawn().context("sh")?))
    }

    /// Keeps the folder, for those who want to read the logs in it.
    ///
    /// # Errors
    /// If the shell has ended.
    pub fn keep(mut self) -> anyhow::Result<()> {
        let stdin = self.0.stdin.as_mut().context("ended")?;
        writeln!(stdin, "keep")?;
        self.0.wait().map(drop).context("sh")
    }
}
