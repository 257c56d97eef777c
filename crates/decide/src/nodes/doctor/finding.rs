//! What the doctor finds: a place, a problem and a remedy. No finding holds a credential.

use serde::Serialize;

/// Something that keeps a node from doing what was asked for.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Finding {
    /// Where it is.
    #[serde(flatten)]
    pub place: Place,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub problem: String,
    /// What helps.
    pub remedy: String,
}

/// A line of a file.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Place {
    /// The path of the file or folder, as the node sees it.
    pub file: String,
    /// The line, from 1. It is 1 if the file or folder as a whole is meant.
    pub line: usize,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Pulls fail, pass by a mirror, or show a credential.
    Error,
    /// Pulls work, but slower or less safely than they could.
    Warning,
}

impl Place {
    /// A file or folder as a whole.
    pub(super) fn whole(file: impl Into<String>) -> Self {
        Self { file: file.into(), line: 1 }
    }

    /// A line of a file.
    pub(super) fn line(file: impl Into<String>, line: usize) -> Self {
        Self { file: file.into(), line }
    }

    /// An error here.
    pub(super) fn error(&self, problem: impl Into<String>, remedy: impl Into<String>) -> Finding {
        self.finding(Severity::Error, problem, remedy)
    }

    /// A warning here.
    pub(super) fn warning(&self, problem: impl Into<String>, remedy: impl Into<String>) -> Finding {
        self.finding(Severity::Warning, problem, remedy)
    }

    fn finding(&self, severity: Severity, problem: impl Into<String>, remedy: impl Into<String>) -> Finding {
        Finding { place: self.clone(), severity, problem: problem.into(), remedy: remedy.into() }
    }
}
