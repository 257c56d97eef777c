//! What `replay` and `check` have found, before it is shown.

use policy::Violation;
use process::exit::Exit;
use serde::Serialize;

use super::printable::{make_lines_printable, make_printable};
use crate::admission::review::Verdict;

/// Everything that was found.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    /// One for each object that was judged, in the order of the input.
    pub(super) items: Vec<Item>,
    /// Input that could not be read.
    pub(super) unreadable: Vec<Unreadable>,
    /// Objects and events that no rule is for.
    pub(super) skipped: usize,
}

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

/// Input that could not be read.
#[derive(Debug, Serialize)]
pub(super) struct Unreadable {
    pub(super) file: String,
    /// Where in the file, if known, from 1.
    pub(super) line: usize,
    pub(super) problem: String,
}

/// The words with which a report is shown.
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

impl Report {
    /// Escapes what must not be printed of the texts of others.
    pub(super) fn make_printable(&mut self) {
        for item in &mut self.items {
            let Item { name, file, operation, findings, warnings, diff, unexpected, .. } = item;
            [name, file, operation].into_iter().for_each(make_printable);
            warnings.iter_mut().chain(unexpected).for_each(make_printable);
            for Finding { field, reason, message, .. } in findings {
                [field, reason, message].into_iter().for_each(make_printable);
            }
            diff.iter_mut().for_each(make_lines_printable);
        }
        for Unreadable { file, problem, .. } in &mut self.unreadable {
            [file, problem].into_iter().for_each(make_printable);
        }
    }

    /// How the process ends. With `expected`, a refusal that was expected is as good as anything.
    pub(super) fn exit(&self, expected: bool) -> Exit {
        let is_bad = |item: &Item| {
            let refused = matches!(item.verdict, Verdict::Refused | Verdict::Error);
            !item.unexpected.is_empty() || (refused && !expected)
        };
        if !self.unreadable.is_empty() {
            Exit::Unreadable
        } else if self.items.iter().any(is_bad) {
            Exit::Refused
        } else {
            Exit::Success
        }
    }

    pub(super) fn count(&self, verdict: Verdict) -> usize {
        self.items.iter().filter(|item| item.verdict == verdict).count()
    }

    pub(super) fn unexpected(&self) -> usize {
        self.items.iter().filter(|item| !item.unexpected.is_empty()).count()
    }
}
