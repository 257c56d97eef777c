//! Reads the input of `replay` and `check`, one document at a time, and reports what cannot be read.

use std::io::Read;
use std::path::Path;

use process::manifests::{Document, Files};

use super::output::Output;
use super::report::{Level, Remark};

/// Hands each document of the files to `judge`. `command` is the one that what a template is rendered to is for.
pub(super) fn read(
    found: Files,
    command: &'static str,
    output: &mut Output,
    mut judge: impl FnMut(&mut Output, &Path, Document),
) {
    let bar = output.bar();
    let wrap = |file| -> Box<dyn Read> { Box::new(bar.wrap_read(file)) };
    found.read(command, wrap, |file, document| match document {
        Ok(document) => judge(output, file, document),
        Err(problem) => output.remark(remark(Level::Unreadable, file, problem.line, problem.text)),
    });
}

/// Something about a file.
pub(super) fn remark(level: Level, file: &Path, line: Option<usize>, problem: impl Into<String>) -> Remark {
    Remark { level, file: shown(file), line, problem: problem.into() }
}

/// The name of a file as people see it.
pub(super) fn shown(file: &Path) -> String {
    file.display().to_string()
}
