//! Whether the newest value is on the node, and what keeps it from there.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// What keeps the newest value from the node. Shown by `/readyz`, a line each.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Obstacle {
    /// No value has been read since the start.
    Unread(String),
    /// There is no value.
    Missing(String),
    /// The newest value is invalid: so many violations.
    Invalid(usize),
    /// It is not known yet which mirrors answer.
    Asking,
    /// A file or folder of somebody else is where one of ours is to be.
    InTheWay(String),
    /// Something could not be written.
    Write(String),
}

impl fmt::Display for Obstacle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unread(source) => write!(formatter, "{source} has not been read yet"),
            Self::Missing(source) => write!(formatter, "{source} does not exist"),
            Self::Invalid(count) => {
                write!(formatter, "the newest value is invalid: the log names {count} violations")
            }
            Self::Asking => write!(formatter, "some mirrors have not been probed yet"),
            Self::InTheWay(path) => {
                write!(formatter, "{path} is not ours: remove it, or remove its host from the value")
            }
            Self::Write(error) => write!(formatter, "{error}"),
        }
    }
}

/// What `/readyz` answers, shared by who knows it and who is asked.
#[derive(Clone, Debug)]
pub(crate) struct Status(Arc<Mutex<Vec<Obstacle>>>);

impl Status {
    /// At the start.
    pub(crate) fn new(source: String) -> Self {
        Self(Arc::new(Mutex::new(vec![Obstacle::Unread(source)])))
    }

    /// Sets what keeps the newest value from the node. Nothing: the agent is ready.
    pub(crate) fn set(&self, obstacles: Vec<Obstacle>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = obstacles;
    }

    /// What keeps the newest value from the node, a line each; `None` if it is there.
    pub(crate) fn text(&self) -> Option<String> {
        let obstacles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lines: Vec<_> = obstacles.iter().map(ToString::to_string).collect();
        (!lines.is_empty()).then(|| lines.join("\n") + "\n")
    }
}
