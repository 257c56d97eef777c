//! Annotations of GitHub workflows: `::error file=…,line=…,title=…::message`.

use std::fmt::Write as _;

use crate::cli::report::{Item, Report};

pub(super) fn render(report: &Report) -> String {
    let mut text = String::new();
    for item in &report.items {
        for finding in &item.findings {
            let message = format!("{}: {}", finding.field, finding.message);
            line(&mut text, "error", item, finding.line, &message);
        }
        for problem in &item.unexpected {
            line(&mut text, "error", item, item.line, problem);
        }
        for warning in &item.warnings {
            line(&mut text, "warning", item, item.line, warning);
        }
    }
    for problem in &report.unreadable {
        // Writing to a String cannot fail.
        let (file, message) = (property(&problem.file), data(&problem.problem));
        let _ = writeln!(text, "::error file={file},line={},title=unreadable::{message}", problem.line);
    }
    text
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
