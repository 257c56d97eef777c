//! Annotations of GitHub workflows: `::error file=…,line=…,title=…::message`.

use std::fmt::Write as _;

use policy::Rule;

use super::form::Form;
use crate::cli::report::{Item, Level, Remark, Tally};

pub(super) struct Github;

impl Form for Github {
    fn item(&mut self, text: &mut String, item: Item) {
        for finding in &item.findings {
            let message = format!("{}: {}", finding.field, finding.message);
            line(text, "error", finding.rule, &item, finding.line, &message);
        }
        for problem in &item.unexpected {
            line(text, "error", Some(Rule::NotAsExpected), &item, item.line, problem);
        }
        for warning in &item.warnings {
            line(text, "warning", warning.rule, &item, item.line, &warning.message);
        }
    }

    fn remark(&mut self, text: &mut String, remark: Remark) {
        let level = match remark.level {
            Level::Unreadable => "error",
            Level::Warning => "warning",
            Level::Skipped => "notice",
        };
        let title = remark.level.rule().map_or("skipped", Rule::id);
        let (file, message) = (property(&remark.file), data(&remark.problem));
        let line = remark.line.map(|line| format!("line={line},")).unwrap_or_default();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "::{level} file={file},{line}title={title}::{message}");
    }

    fn end(&mut self, _: &mut String, _: &Tally) {}
}

fn line(text: &mut String, level: &str, rule: Option<Rule>, item: &Item, line: usize, message: &str) {
    let rule = rule.map(|rule| format!(" ({rule})")).unwrap_or_default();
    let title = property(&format!("{}{rule}", item.title));
    let (file, message) = (property(&item.file), data(message));
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
