//! The real binary of the webhook, its output and its exit codes.

use std::io::{ErrorKind, Write as _};
use std::process::{Command, Output, Stdio};

pub fn webhook() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_serverless-webhook"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env_clear().env("NO_COLOR", "");
    command
}

pub fn run(args: &[&str]) -> (i32, String, String) {
    shown(&webhook().args(args).output().unwrap())
}

pub fn shown(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

pub fn piped(args: &[&str], input: &str) -> (i32, String, String) {
    let mut child = webhook()
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    match child.stdin.take().unwrap().write_all(input.as_bytes()) {
        // It ended without reading its input, for example because of wrong arguments: its exit code tells why.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
        written => written.unwrap(),
    }
    shown(&child.wait_with_output().unwrap())
}

/// Removes times, because they vary.
pub fn without_times(text: &str) -> String {
    let line = |line: &str| {
        line.split_once(" µs")
            .map_or(line, |(before, _)| before.trim_end_matches(|c: char| c.is_ascii_digit() || c == ' '))
            .to_owned()
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}
