//! Annotations of GitHub workflows: `::error file=…,line=…,title=…::message`.

use std::fmt::Write as _;

use super::form::Form;
use crate::cli::report::{Item, Level, Remark, Tally};

pub(super) struct Github;

impl Form for Github {
    fn item(&mut self, text: &mut String, item: Item) {
        for finding in &item.findings {
            let message = format!("{}: {}", finding.field, finding.message);
            line(text, "error", &item, finding.line, &message);
        }
        for problem in &item.unexpected {
            line(text, "error", &item, item.line, problem);
        }
        for warning in &item.warnings {
            line(text, "warning", &item, item.line, warning);
        }
    }

    fn remark(&mut self, text: &mut String, remark: Remark) {
        let (level, title) = match remark.level {
            Level::Unreadable => ("error", "unreadable"),
            Level::Warning => ("warning", "skipped"),
            Level::Skipped => ("notice", "skipped"),
        };
        let (file, message) = (property(&remark.file), data(&remark.problem));
        let line = remark.line.map(|line| format!("line={line},")).unwrap_or_default();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "::{level} file={file},{line}title={title}::{message}");
    }

    fn end(&mut self, _: &mut String, _: &Tally) {}
}

fn line(text: &mut String, level: &str, item: &Item, line: usize, message: &str) {
    let (file, title, message) = (property(&item.file), property(&item.name), data(message));
    let _ = writeln!(text, "::{level} file={file},line={line},title={title}::{message}");
}

/// The escapes of the message of a workflow command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The escapes of a property of a workflow command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
