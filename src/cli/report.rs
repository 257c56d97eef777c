//! What `replay` and `check` have found, before it is shown.

use policy::manifests::Subject;
use policy::{Rule, Violation};
use process::exit::Exit;
use process::printable::{make_lines_printable, make_printable};
use serde::Serialize;

use crate::admission::review::Verdict;

/// One object that was judged.
#[derive(Debug, Serialize)]
pub(super) struct Item {
    /// What people call it: the object, or the case of a fixture.
    #[serde(skip)]
    pub(super) title: String,
    #[serde(flatten)]
    pub(super) subject: Subject,
    /// The file; `-` is the standard input.
    pub(super) file: String,
    /// The line of the object in the file, from 1.
    pub(super) line: usize,
    /// The operation in the review.
    pub(super) operation: String,
    /// The endpoint that answered.
    pub(super) endpoint: &'static str,
    /// The result.
    pub(super) verdict: Verdict,
    /// What is wrong, in the order of the lines.
    pub(super) findings: Vec<Finding>,
    /// What its author should know.
    pub(super) warnings: Vec<Warning>,
    /// What was added, as a unified diff of YAML.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) diff: Option<String>,
    /// What differs from the expectation.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) unexpected: Vec<String>,
    /// How long the answer took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) microseconds: Option<u64>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Finding {
    /// The rule; `None` if a server answered, which does not say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rule: Option<Rule>,
    /// The path of the field.
    pub(super) field: String,
    /// A word for programs.
    pub(super) reason: String,
    /// A sentence for people.
    pub(super) message: String,
    /// The line of the field in the file, or of what it would be in, from 1.
    pub(super) line: usize,
}

/// Something that the author of an object should know.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Warning {
    /// The rule; `None` if a server answered, which does not say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rule: Option<Rule>,
    /// A sentence for people.
    pub(super) message: String,
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
    /// What one item is, and what several are: `object` and `objects`.
    pub(super) items: [&'static str; 2],
    /// Whether the items were compared with what is expected.
    pub(super) expected: bool,
    /// Whether the places of objects and fields are of interest.
    pub(super) places: bool,
    /// What one skipped object is, and what several are.
    pub(super) skipped: [&'static str; 2],
}

impl Finding {
    pub(super) fn new(violation: &Violation, line: usize) -> Self {
        let reason = violation.problem.reason().to_owned();
        let (field, message) = (violation.field.clone(), violation.problem.to_string());
        Self { rule: Some(violation.rule), field, reason, message, line }
    }
}

impl Warning {
    pub(super) fn new(rule: Rule, message: impl Into<String>) -> Self {
        Self { rule: Some(rule), message: message.into() }
    }
}

impl Item {
    /// Escapes what must not be printed of the texts of others.
    pub(super) fn make_printable(&mut self) {
        let Self { title, subject, file, operation, findings, warnings, diff, unexpected, .. } = self;
        let Subject { kind, namespace, name } = subject;
        [title, kind, namespace, name, file, operation].into_iter().for_each(make_printable);
        warnings.iter_mut().map(|warning| &mut warning.message).chain(unexpected).for_each(make_printable);
        for Finding { field, reason, message, .. } in findings {
            [field, reason, message].into_iter().for_each(make_printable);
        }
        diff.iter_mut().for_each(make_lines_printable);
    }
}

impl Level {
    /// The rule that a remark of this level is about, if it is more than a remark.
    pub(super) fn rule(self) -> Option<Rule> {
        match self {
            Self::Unreadable => Some(Rule::Unreadable),
            Self::Warning => Some(Rule::ObjectNotRecognised),
            Self::Skipped => None,
        }
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

    /// Whether there was nothing to judge, though all of it was read.
    pub(super) fn is_empty(&self) -> bool {
        self.items() == 0 && self.unreadable == 0
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
