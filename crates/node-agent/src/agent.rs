//! The loop: the newest value and the answers of mirrors go in, the folder of containerd follows.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use decide::backoff::retry;
use decide::nodes::probe::{MOST_ASKED, Mirrors, Target};
use decide::nodes::render::hosts::Options;
use decide::nodes::tree::Wanted;
use decide::nodes::wanted::wanted;
use jiff::Timestamp;
use policy::container_registries::{self, Registries};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::apply::{Disk, Work};
use crate::ask::Asker;
use crate::error::Error;
use crate::metrics::Metrics;
use crate::node::Report;
use crate::source::Value;
use crate::status::{Obstacle, Status};

/// How often the folder is read when nothing changes, in case somebody else has changed it.
const LOOK_AGAIN: Duration = Duration::from_mins(1);
/// How long to wait for more answers of mirrors before files follow.
const GATHER: Duration = Duration::from_millis(50);
/// The longest wait after a failed write.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How many violations of a value, or files of others, are logged at a time.
const MOST_SHOWN: usize = 20;

/// The agent of a node.
pub(crate) struct Agent {
    /// How files are written.
    pub options: Options,
    /// Where they are written.
    pub disk: Disk,
    /// As messages name the source.
    pub source: String,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// What `/readyz` answers.
    pub status: Status,
    /// How a mirror is asked.
    pub asker: Asker,
}

/// What the agent knows.
struct Known {
    /// The newest valid value.
    registries: Option<Registries>,
    progress: Progress,
    /// Whether it is not known of all its mirrors yet whether they answer.
    is_asking: bool,
    /// What keeps the newest value from being used.
    unusable: Option<Obstacle>,
    /// What kept files from being written when they were written last.
    found: Vec<Obstacle>,
    mirrors: Mirrors,
    /// When files are compared with what is wanted next.
    look: Option<Instant>,
    failures: u32,
    /// Whether another agent has started, or `clean` has removed the files.
    is_superseded: bool,
    logged: Logged,
}

/// How far the newest valid value has come.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Progress {
    Read,
    InWork,
    Written,
}

/// What was logged last, so that nothing is logged again and again.
#[derive(Default)]
struct Logged {
    foreign: BTreeSet<String>,
    in_the_way: BTreeSet<String>,
    left: Option<usize>,
}

impl Known {
    fn new(source: &str) -> Self {
        Self {
            registries: None,
            progress: Progress::Read,
            is_asking: false,
            unusable: Some(Obstacle::Unread(source.to_owned())),
            found: Vec::new(),
            mirrors: Mirrors::default(),
            look: None,
            failures: 0,
            is_superseded: false,
            logged: Logged::default(),
        }
    }

    /// Compares files with what is wanted in a while, or earlier if that is planned.
    fn look_in(&mut self, pause: Duration) {
        let next = Instant::now() + pause;
        self.look = Some(self.look.map_or(next, |look| look.min(next)));
    }

    /// What keeps the newest value from the node.
    fn obstacles(&self) -> Vec<Obstacle> {
        let is_new = self.registries.is_some() && self.progress != Progress::Written;
        let writing = is_new.then_some(Obstacle::Writing);
        self.unusable.iter().chain(&writing).chain(&self.found).cloned().collect()
    }
}

impl Agent {
    /// Runs until the source of values is gone.
    pub(crate) async fn run(self, mut values: watch::Receiver<Value>) {
        let mut known = Known::new(&self.source);
        let (mut asked, mut writing) = (JoinSet::new(), JoinSet::new());
        let disk = self.disk.clone();
        // If it fails, the first write says why.
        drop(tokio::task::spawn_blocking(move || disk.take_over()));
        loop {
            for target in known.mirrors.due(Instant::now(), MOST_ASKED.saturating_sub(asked.len())) {
                let mirrors = self.asker.clone();
                asked.spawn(async move { (mirrors.answers(&target).await, target) });
            }
            let ask_again = known.mirrors.next().filter(|_| asked.len() < MOST_ASKED);
            let look = known.look.filter(|_| writing.is_empty());
            tokio::select! {
                changed = values.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    let value = values.borrow_and_update().clone();
                    self.read(&mut known, value);
                }
                Some(answer) = asked.join_next() => {
                    if let Ok((answers, target)) = answer {
                        self.answered(&mut known, &target, answers);
                    }
                }
                Some(report) = writing.join_next() => {
                    self.wrote(&mut known, report.unwrap_or_else(|error| Error::from(error).into()));
                }
                () = until(ask_again) => continue,
                () = until(look) => {
                    if let Some(work) = self.work(&mut known) {
                        // The disk can be slow.
                        writing.spawn_blocking(|| work.run());
                    }
                }
            }
            self.status.set(known.obstacles());
        }
    }

    /// Reads the value. An invalid one changes nothing but the status.
    fn read(&self, known: &mut Known, value: Value) {
        let text = match value {
            Value::Unread => return,
            Value::Missing => {
                tracing::warn!(source = self.source, "there is no value: this node stays as it is");
                known.unusable = Some(Obstacle::Missing(self.source.clone()));
                // Before the first value nobody asks for anything, so only files of an earlier agent are out of date.
                known.look_in(Duration::ZERO);
                return;
            }
            Value::Unusable(fault) => {
                self.metrics.refused();
                let text = format!("{} {fault}", self.source);
                tracing::error!("{text}: this node stays as it is");
                known.unusable = Some(Obstacle::Unusable(text));
                return;
            }
            Value::Text(text) => text,
        };
        // An authority that has expired since it was admitted must not keep all other changes from the node.
        let reading = container_registries::read(text.reveal(), Timestamp::MIN);
        if reading.violations.is_empty() {
            known.unusable = None;
            for loss in first(self.disk.left_out(&reading.registries)) {
                tracing::warn!(source = self.source, "{loss}");
            }
            known.mirrors.follow(&reading.registries, Instant::now());
            self.metrics.mirrors(known.mirrors.len(), known.mirrors.up());
            known.registries = Some(reading.registries);
            known.progress = Progress::Read;
            known.look_in(Duration::ZERO);
            return;
        }
        self.metrics.refused();
        for violation in first(reading.violations.iter().map(ToString::to_string)) {
            tracing::error!(
                source = self.source,
                violation,
                "the value is invalid: this node stays as it is"
            );
        }
        known.unusable = Some(Obstacle::Invalid(reading.violations.len()));
    }

    fn answered(&self, known: &mut Known, target: &Target, answers: bool) {
        if !known.mirrors.answered(target, answers, Instant::now()) {
            return;
        }
        self.metrics.mirrors(known.mirrors.len(), known.mirrors.up());
        let mirror = format!("{}:{}", target.host, target.port);
        if answers {
            tracing::info!(mirror, "the mirror answers");
        } else {
            tracing::warn!(mirror, "the mirror does not answer: nodes do without it");
        }
        known.look_in(GATHER);
    }

    /// The work that brings files to what is wanted. `None` if another agent has them, or `clean` has removed them.
    fn work(&self, known: &mut Known) -> Option<Work> {
        known.look = None;
        let Some(registries) = &known.registries else { return Some(self.disk.look()) };
        if known.is_superseded {
            return None;
        }
        if known.progress == Progress::Read {
            known.progress = Progress::InWork;
        }
        let files = wanted(registries, &known.mirrors, self.options);
        known.is_asking = files.values().any(|files| *files == Wanted::AsIs);
        Some(self.disk.work(registries, files))
    }

    /// Files were brought to what was wanted. Plans when to look again.
    fn wrote(&self, known: &mut Known, report: Report) {
        self.metrics.applied(&report);
        known.logged.log(&report);
        if known.progress == Progress::InWork {
            known.progress = Progress::Written;
        }
        known.is_superseded = report.errors.iter().any(|error| matches!(error, Error::Superseded));
        known.failures = if report.errors.is_empty() { 0 } else { known.failures.saturating_add(1) };
        if report.left == Some(0) && matches!(known.unusable, Some(Obstacle::Missing(_))) {
            known.unusable = None;
        }
        known.found = known.is_asking.then_some(Obstacle::Asking).into_iter().collect();
        known.found.extend(report.left.filter(|left| *left > 0).map(Obstacle::Left));
        known.found.extend(first(report.in_the_way).map(Obstacle::InTheWay));
        known.found.extend(first(report.errors.iter().map(ToString::to_string)).map(Obstacle::Write));
        match known.failures {
            _ if known.is_superseded => known.look = None,
            0 => known.look_in(LOOK_AGAIN),
            failures => known.look_in(retry(failures, fastrand::f64()).min(LONGEST_PAUSE)),
        }
    }
}

impl Logged {
    fn log(&mut self, report: &Report) {
        let Report { written, removed, errors, foreign, in_the_way, left } = report;
        if written + removed > 0 {
            tracing::info!(written, removed, "the files of this node have changed");
        }
        for error in first(errors.iter().map(ToString::to_string)) {
            tracing::error!(error, "not all files of this node are as they should be");
        }
        for path in first(in_the_way.difference(&self.in_the_way).cloned()) {
            tracing::warn!(path, "a file of somebody else stays, and its host is not configured");
        }
        for path in first(foreign.difference(&self.foreign).cloned()) {
            tracing::info!(path, "a file of somebody else stays");
        }
        if let Some(files) = left.filter(|files| *files > 0 && self.left != *left) {
            tracing::warn!(
                files,
                "files of an earlier value are on this node, and no value says whether they are right"
            );
        }
        self.left = *left;
        self.in_the_way.clone_from(in_the_way);
        self.foreign.clone_from(foreign);
    }
}

/// As many as a person reads.
fn first<T>(all: impl IntoIterator<Item = T>) -> impl Iterator<Item = T> {
    all.into_iter().take(MOST_SHOWN)
}

/// Waits until a time; for ever if there is none.
async fn until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time.into()).await,
        None => std::future::pending().await,
    }
}
