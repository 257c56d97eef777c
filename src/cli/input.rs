//! Reads the input of `replay` and `check`, one document at a time, and reports what cannot be read.

use std::path::Path;

use process::manifests::{Document, Documents, Files, open};

use super::output::Output;
use super::report::{Level, Remark};

/// Hands each document of the files to `judge`. `command` is the one that what a template is rendered to is for.
pub(super) fn read(
    found: Files,
    command: &'static str,
    output: &mut Output,
    mut judge: impl FnMut(&mut Output, &Path, Document),
) {
    for problem in found.problems {
        output.remark(remark(Level::Unreadable, &problem.path, None, problem.text));
    }
    let bar = output.bar();
    for file in found.files {
        let opened = open(&file).and_then(|reader| Documents::new(bar.wrap_read(reader), command));
        match opened {
            Ok(documents) => {
                for document in documents {
                    match document {
                        Ok(document) => judge(output, &file, document),
                        Err(error) => output.remark(remark(
                            Level::Unreadable,
                            &file,
                            Some(error.line),
                            error.to_string(),
                        )),
                    }
                }
            }
            Err(error) => output.remark(remark(Level::Unreadable, &file, None, error.to_string())),
        }
    }
}

/// Something about a file.
pub(super) fn remark(level: Level, file: &Path, line: Option<usize>, problem: impl Into<String>) -> Remark {
    Remark { level, file: shown(file), line, problem: problem.into() }
}

/// The name of a file as people see it.
pub(super) fn shown(file: &Path) -> String {
    file.display().to_string()
}
