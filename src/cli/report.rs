//! What `replay` and `check` have found, before it is shown.

use policy::Violation;
use process::exit::Exit;
use serde::Serialize;

use super::printable::{make_lines_printable, make_printable};
use crate::admission::review::Verdict;

/// One object that was judged.
#[derive(Debug, Serialize)]
pub(super) struct Item {
    /// The case of a fixture, or the object.
    pub(super) name: String,
    /// The file; `-` is the standard input.
    pub(super) file: String,
    /// The line of the object in the file, from 1.
    pub(super) line: usize,
    /// The operation that was asked about.
    pub(super) operation: String,
    /// The endpoint that answered.
    pub(super) endpoint: &'static str,
    /// What became of it.
    pub(super) verdict: Verdict,
    /// What is wrong.
    pub(super) findings: Vec<Finding>,
    /// What its author should know.
    pub(super) warnings: Vec<String>,
    /// What was added, as a unified diff of YAML.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) diff: Option<String>,
    /// What is not as it was expected to be.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) unexpected: Vec<String>,
    /// How long the answer took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) microseconds: Option<u64>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Finding {
    /// The path of the field.
    pub(super) field: String,
    /// A word for programs.
    pub(super) reason: String,
    /// A sentence for people.
    pub(super) message: String,
    /// The line of the field in the file, or of what it would be in, from 1.
    pub(super) line: usize,
}

/// Something about the input itself, beside the objects that were judged.
#[derive(Debug, Serialize)]
pub(super) struct Remark {
    #[serde(skip)]
    pub(super) level: Level,
    pub(super) file: String,
    /// Where in the file, if known, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) line: Option<usize>,
    pub(super) problem: String,
}

/// What a remark means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Level {
    /// This could not be read.
    Unreadable,
    /// This is passed over, but may have been meant for us.
    Warning,
    /// This is passed over, since no rule is for it.
    Skipped,
}

/// How many there were of each kind.
#[derive(Debug, Default, Serialize)]
pub(super) struct Tally {
    pub(super) allowed: usize,
    pub(super) patched: usize,
    pub(super) refused: usize,
    pub(super) error: usize,
    pub(super) unexpected: usize,
    pub(super) unreadable: usize,
    pub(super) skipped: usize,
    pub(super) warnings: usize,
}

/// The words with which a report is shown.
#[derive(Clone, Copy)]
pub(super) struct Words {
    /// What an item is: `reviews` or `objects`.
    pub(super) items: &'static str,
    /// Whether the items were compared with what is expected.
    pub(super) expected: bool,
    /// Whether the places of objects and fields are of interest.
    pub(super) places: bool,
    /// What the objects that no rule is for are.
    pub(super) skipped: &'static str,
}

impl Finding {
    pub(super) fn new(violation: &Violation, line: usize) -> Self {
        let reason = violation.problem.reason().to_owned();
        Self { field: violation.field.clone(), reason, message: violation.problem.to_string(), line }
    }
}

impl Item {
    /// Escapes what must not be printed of the texts of others.
    pub(super) fn make_printable(&mut self) {
        let Self { name, file, operation, findings, warnings, diff, unexpected, .. } = self;
        [name, file, operation].into_iter().for_each(make_printable);
        warnings.iter_mut().chain(unexpected).for_each(make_printable);
        for Finding { field, reason, message, .. } in findings {
            [field, reason, message].into_iter().for_each(make_printable);
        }
        diff.iter_mut().for_each(make_lines_printable);
    }
}

impl Remark {
    /// Escapes what must not be printed of the texts of others.
    pub(super) fn make_printable(&mut self) {
        [&mut self.file, &mut self.problem].into_iter().for_each(make_printable);
    }

    /// `file:line`, or the file alone.
    pub(super) fn place(&self) -> String {
        self.line.map_or_else(|| self.file.clone(), |line| format!("{}:{line}", self.file))
    }
}

impl Tally {
    /// One object more.
    pub(super) fn add(&mut self, item: &Item) {
        let verdict = match item.verdict {
            Verdict::Allowed => &mut self.allowed,
            Verdict::Patched => &mut self.patched,
            Verdict::Refused => &mut self.refused,
            Verdict::Error => &mut self.error,
        };
        *verdict += 1;
        self.unexpected += usize::from(!item.unexpected.is_empty());
        self.warnings += item.warnings.len();
    }

    /// The objects that were judged.
    pub(super) fn items(&self) -> usize {
        self.allowed + self.patched + self.refused + self.error
    }

    /// How the process ends. With `expected`, a refusal that was expected is as good as anything; with `strict`, a warning
    /// is as bad as a refusal.
    pub(super) fn exit(&self, expected: bool, strict: bool) -> Exit {
        let refused = !expected && self.refused + self.error > 0;
        if self.unreadable > 0 {
            Exit::Unreadable
        } else if refused || self.unexpected > 0 || (strict && self.warnings > 0) {
            Exit::Refused
        } else {
            Exit::Success
        }
    }
}
