//! Commands with standard input, and their output.

use std::io::Write as _;
use std::process::{Command, Stdio};

/// The output of a command.
#[derive(Debug)]
pub struct Printed {
    pub ok: bool,
    pub out: String,
    pub err: String,
}

impl Printed {
    /// The standard output of a command that must succeed.
    pub fn unwrap(self) -> String {
        assert!(self.ok, "{}{}", self.out, self.err);
        self.out
    }
}

/// Runs a command with a standard input.
pub fn piped(mut command: Command, input: &str) -> Printed {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        // If the command ends without reading, its exit code reports it.
        scope.spawn(move || stdin.write_all(input.as_bytes()));
        let output = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Printed { ok: output.status.success(), out: text(output.stdout), err: text(output.stderr) }
    })
}
