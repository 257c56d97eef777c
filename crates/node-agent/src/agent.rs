//! The loop: the newest value and the answers of mirrors go in, the folder of containerd follows.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use decide::backoff::retry;
use decide::nodes::probe::{Mirrors, Target};
use decide::nodes::render::hosts::Options;
use decide::nodes::tree::Wanted;
use decide::nodes::wanted::wanted;
use jiff::Timestamp;
use policy::container_registries::{self, Registries};
use rustls::ClientConfig;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::apply::{Disk, Outcome};
use crate::ask;
use crate::error::Error;
use crate::metrics::Metrics;
use crate::source::Value;
use crate::status::{Obstacle, Status};

/// How many mirrors are asked at the same time. Each takes some 50 KiB.
const MOST_ASKED: usize = 32;
/// How often the folder is read when nothing changes, in case somebody else has changed it.
const LOOK_AGAIN: Duration = Duration::from_mins(1);
/// How long to wait for more answers of mirrors before files follow.
const GATHER: Duration = Duration::from_millis(50);
/// The longest wait after a failed write.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How many violations of a value are logged.
const MOST_LOGGED: usize = 20;

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
    pub tls: Arc<ClientConfig>,
}

/// What the agent knows.
struct Known {
    /// The newest valid value.
    registries: Option<Registries>,
    /// What keeps the newest value from being used.
    unusable: Option<Obstacle>,
    mirrors: Mirrors,
    failures: u32,
    /// Whether `clean` has removed the files since the start.
    is_cleaned: bool,
    logged: Logged,
}

/// What was logged last, so that nothing is logged again and again.
#[derive(Default)]
struct Logged {
    foreign: BTreeSet<String>,
    in_the_way: BTreeSet<String>,
}

impl Agent {
    /// Runs until the source of values is gone.
    pub(crate) async fn run(self, mut values: watch::Receiver<Value>) {
        let mut known = Known {
            registries: None,
            unusable: Some(Obstacle::Unread(self.source.clone())),
            mirrors: Mirrors::default(),
            failures: 0,
            is_cleaned: false,
            logged: Logged::default(),
        };
        let mut asked = JoinSet::new();
        let mut look = None;
        loop {
            for target in known.mirrors.due(Instant::now(), MOST_ASKED - asked.len()) {
                let tls = Arc::clone(&self.tls);
                asked.spawn(async move { (ask::answers(&target, tls).await, target) });
            }
            let ask_again = known.mirrors.next().filter(|_| asked.len() < MOST_ASKED);
            tokio::select! {
                changed = values.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    let value = values.borrow_and_update().clone();
                    self.read(&mut known, value);
                    look = Some(Instant::now());
                }
                Some(answer) = asked.join_next() => {
                    if answer.is_ok_and(|(answers, target)| self.answered(&mut known, &target, answers)) {
                        let soon = Instant::now() + GATHER;
                        look = Some(look.map_or(soon, |look: Instant| look.min(soon)));
                    }
                }
                () = until(ask_again) => {}
                () = until(look) => look = self.apply(&mut known).await.map(|pause| Instant::now() + pause),
            }
        }
    }

    /// Reads the value. An invalid one changes nothing but the status.
    fn read(&self, known: &mut Known, value: Value) {
        let text = match value {
            Value::Unread => return,
            Value::Missing => {
                tracing::warn!(source = self.source, "there is no value: this node stays as it is");
                // Before the first value nobody asks for anything, so nothing is out of date.
                known.unusable = known.registries.as_ref().map(|_| Obstacle::Missing(self.source.clone()));
                return;
            }
            Value::Text(text) => text,
        };
        // An authority that has expired since it was admitted must not keep all other changes from the node.
        let reading = container_registries::read(text.reveal(), Timestamp::MIN);
        if reading.violations.is_empty() {
            known.unusable = None;
            known.mirrors.follow(&reading.registries, Instant::now());
            self.metrics.mirrors(known.mirrors.len(), known.mirrors.up());
            known.registries = Some(reading.registries);
            return;
        }
        self.metrics.refused();
        for violation in reading.violations.iter().take(MOST_LOGGED) {
            tracing::error!(source = self.source, %violation, "the value is invalid: this node stays as it is");
        }
        known.unusable = Some(Obstacle::Invalid(reading.violations.len()));
    }

    fn answered(&self, known: &mut Known, target: &Target, answers: bool) -> bool {
        let is_change = known.mirrors.answered(target, answers, Instant::now());
        if is_change {
            self.metrics.mirrors(known.mirrors.len(), known.mirrors.up());
            let mirror = format!("{}:{}", target.host, target.port);
            if answers {
                tracing::info!(mirror, "the mirror answers");
            } else {
                tracing::warn!(mirror, "the mirror does not answer: nodes do without it");
            }
        }
        is_change
    }

    /// Brings the folder to what is wanted. Returns when to look again; `None` after a `clean`, or before the first value.
    async fn apply(&self, known: &mut Known) -> Option<Duration> {
        if known.is_cleaned {
            return None;
        }
        let mut obstacles = Vec::from_iter(known.unusable.clone());
        let Some(registries) = &known.registries else {
            self.tell(obstacles);
            return None;
        };
        let files = wanted(registries, &known.mirrors, self.options);
        if files.values().any(|files| *files == Wanted::AsIs) {
            obstacles.push(Obstacle::Asking);
        }
        let outcome = self.disk.bring(registries, files).await;
        self.metrics.applied(&outcome);
        known.logged.log(&outcome);
        known.is_cleaned = outcome.errors.iter().any(|error| matches!(error, Error::Cleaned));
        known.failures = if outcome.errors.is_empty() { 0 } else { known.failures.saturating_add(1) };
        obstacles.extend(outcome.in_the_way.into_iter().map(Obstacle::InTheWay));
        obstacles.extend(outcome.errors.iter().map(|error| Obstacle::Write(error.to_string())));
        self.tell(obstacles);
        let pause = match known.failures {
            0 => LOOK_AGAIN,
            failures => retry(failures, fastrand::f64()).min(LONGEST_PAUSE),
        };
        (!known.is_cleaned).then_some(pause)
    }

    fn tell(&self, obstacles: Vec<Obstacle>) {
        self.metrics.up_to_date(obstacles.is_empty());
        self.status.set(obstacles);
    }
}

impl Logged {
    fn log(&mut self, outcome: &Outcome) {
        let Outcome { written, removed, errors, foreign, in_the_way } = outcome;
        if written + removed > 0 {
            tracing::info!(written, removed, "the files of this node have changed");
        }
        for error in errors {
            tracing::error!(%error, "not all files of this node are as they should be");
        }
        for path in in_the_way.difference(&self.in_the_way) {
            tracing::warn!(path, "a file of somebody else stays, and its host is not configured");
        }
        for path in foreign.difference(&self.foreign) {
            tracing::info!(path, "a file of somebody else stays");
        }
        self.in_the_way.clone_from(in_the_way);
        self.foreign.clone_from(foreign);
    }
}

/// Waits until a time; for ever if there is none.
async fn until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time.into()).await,
        None => std::future::pending().await,
    }
}
