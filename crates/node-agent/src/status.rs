//! Whether the newest value is on the node, and what keeps it from there.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a source may be silent until nobody knows which value is the newest. A source that is well is heard more often.
const STALE: Duration = Duration::from_mins(2);

/// What keeps the newest value from the node. Shown by `/readyz`, a line each.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Obstacle {
    /// No value has been read since the start.
    Unread(String),
    /// There is no value.
    Missing(String),
    /// Without a value, nobody knows whether these files of an earlier one are right: so many.
    Left(usize),
    /// What is at the source cannot be read: its name, and why.
    Unusable(String),
    /// The newest value is invalid: so many violations.
    Invalid(usize),
    /// The newest value was read, and its files are not written yet.
    Writing,
    /// It is not known yet which mirrors answer.
    Asking,
    /// A file or folder of somebody else is where one of ours is to be.
    InTheWay(String),
    /// Something could not be written.
    Write(String),
    /// Nothing was heard of the source for [`STALE`].
    Silent(String),
}

impl fmt::Display for Obstacle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unread(source) => write!(formatter, "{source} has not been read yet"),
            Self::Missing(source) => write!(formatter, "{source} does not exist"),
            Self::Left(count) => write!(
                formatter,
                "files of an earlier value are on this node ({count}): write a value, or remove them with `serverless-node-agent clean`"
            ),
            Self::Unusable(why) => write!(formatter, "{why}"),
            Self::Invalid(count) => {
                write!(formatter, "the newest value is invalid: the log names {count} violations")
            }
            Self::Writing => write!(formatter, "the files of the newest value are not written yet"),
            Self::Asking => write!(formatter, "some mirrors have not been probed yet"),
            Self::InTheWay(path) => {
                write!(formatter, "{path} is not ours: remove it, or remove its host from the value")
            }
            Self::Write(error) => write!(formatter, "{error}"),
            Self::Silent(source) => {
                let minutes = STALE.as_secs() / 60;
                write!(
                    formatter,
                    "{source} could not be read for {minutes} minutes: a newer value is unknown"
                )
            }
        }
    }
}

/// What `/readyz` answers, shared by who knows it and who is asked.
#[derive(Clone, Debug)]
pub(crate) struct Status {
    /// As messages name the source.
    source: String,
    known: Arc<Mutex<Known>>,
}

#[derive(Debug)]
struct Known {
    obstacles: Vec<Obstacle>,
    /// When the source was last heard.
    heard: Instant,
}

impl Status {
    /// At the start.
    pub(crate) fn new(source: String, now: Instant) -> Self {
        let obstacles = vec![Obstacle::Unread(source.clone())];
        Self { source, known: Arc::new(Mutex::new(Known { obstacles, heard: now })) }
    }

    /// Sets what keeps the newest value from the node. Nothing: the agent is ready.
    pub(crate) fn set(&self, obstacles: Vec<Obstacle>) {
        self.known().obstacles = obstacles;
    }

    /// The source says what its newest value is, or that it is still the same one.
    pub(crate) fn heard(&self, now: Instant) {
        self.known().heard = now;
    }

    /// What keeps the newest value from the node, a line each; `None` if it is there.
    pub(crate) fn text(&self, now: Instant) -> Option<String> {
        let known = self.known();
        let is_silent = now.saturating_duration_since(known.heard) > STALE;
        let silent = is_silent.then(|| Obstacle::Silent(self.source.clone()));
        let lines: Vec<_> = known.obstacles.iter().chain(&silent).map(ToString::to_string).collect();
        (!lines.is_empty()).then(|| lines.join("\n") + "\n")
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_source_is_an_obstacle_after_two_minutes_until_it_is_heard() {
        let start = Instant::now();
        let status = Status::new("the Secret".to_owned(), start);
        assert_eq!(status.text(start).as_deref(), Some("the Secret has not been read yet\n"));
        status.set(Vec::new());
        assert_eq!(status.text(start + STALE), None);
        let late = start + STALE + Duration::from_secs(1);
        let silent = "the Secret could not be read for 2 minutes: a newer value is unknown\n";
        assert_eq!(status.text(late).as_deref(), Some(silent));
        status.set(vec![Obstacle::Writing, Obstacle::Asking]);
        let all = format!(
            "the files of the newest value are not written yet\nsome mirrors have not been probed yet\n{silent}"
        );
        assert_eq!(status.text(late), Some(all));
        status.set(Vec::new());
        status.heard(late);
        assert_eq!(status.text(late), None);
    }
}
