//! What `--help` says below the flags. Manual pages are made of the same text.

use crate::exit::EXIT_CODES;

/// Examples, each with what it is for, and the exit codes.
#[must_use]
pub fn below(examples: &[(&str, &str)]) -> String {
    let lines = examples.iter().map(|(what, command)| format!("  # {what}\n  {command}\n"));
    format!("Examples:\n{}\n{EXIT_CODES}", lines.collect::<Vec<_>>().join("\n"))
}
