//! The whole system while it is killed, cut off and changed all at once: afterwards everything is as it was last asked for.
//! `CHAOS_SEED` says what happens, `CHAOS_SECONDS` for how long at least.
#![allow(clippy::print_stderr, reason = "whoever runs it for ten minutes wants to see what happens")]

mod author;
mod journal;
mod plan;
mod system;
mod verdict;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use fastrand::Rng;
use tokio::runtime::Runtime;

use crate::cluster::client;
use author::Author;
use journal::Journal;
use system::{Disturbance, System};
use verdict::Verdict;

/// How long it may take until all is well, after the last disturbance.
const RECOVERY: Duration = Duration::from_mins(3);
/// For how long nothing may be written then.
const IDLE: Duration = Duration::from_secs(5);

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

#[test]
fn whatever_is_killed_cut_off_and_changed_all_is_as_asked_for_in_the_end() {
    let (seed, seconds) = (number("CHAOS_SEED", 1), number("CHAOS_SECONDS", 0));
    let journal = Arc::new(Journal::new());
    journal.tell(&format!("CHAOS_SEED={seed} CHAOS_SECONDS={seconds}"));
    let mut system = System::start();
    let runtime = Runtime::new().unwrap();
    let client = runtime.block_on(client(&system.installed.kubeconfig));
    let author = Author { client, remotes: Arc::clone(&system.remotes), journal: Arc::clone(&journal) };
    runtime.block_on(author.prepare());
    journal.tell("everything runs");

    let stop = AtomicBool::new(false);
    let wanted = std::thread::scope(|scope| {
        let work = scope.spawn(|| runtime.block_on(author.work(seed, &stop)));
        let time = Duration::from_secs(seconds);
        // Whatever comes of it: the other thread is waited for.
        let disturbed = catch_unwind(AssertUnwindSafe(|| disturb(&mut system, seed, time, &journal)));
        stop.store(true, Ordering::SeqCst);
        disturbed.unwrap_or_else(|panic| resume_unwind(panic));
        work.join().unwrap()
    });
    journal.tell("nothing happens any more");
    assert!(
        wanted.namespaces.values().any(|namespace| !namespace.functions.is_empty()),
        "nothing to look at"
    );

    let over = Instant::now();
    let settled = loop {
        let found = Verdict::new(&system.installed.control_plane, &wanted, &system.remotes);
        let problems = found.problems();
        if problems.is_empty() {
            break found.versions();
        }
        assert!(over.elapsed() < RECOVERY, "CHAOS_SEED={seed}: {problems:#?}");
        std::thread::sleep(Duration::from_millis(500));
    };
    journal.tell("all is well");
    std::thread::sleep(IDLE);
    let found = Verdict::new(&system.installed.control_plane, &wanted, &system.remotes);
    let versions = found.versions();
    let written: Vec<_> = versions.symmetric_difference(&settled).collect();
    assert!(written.is_empty(), "CHAOS_SEED={seed}: written for nothing: {written:#?}");
    assert_eq!(journal.blamed(), [""; 0], "CHAOS_SEED={seed}");
    for (name, log) in system.logs() {
        assert!(!log.contains("ERROR panic"), "CHAOS_SEED={seed}: {name}: {log}");
        assert!(!log.contains("fake-"), "CHAOS_SEED={seed}: {name} holds a password");
    }
}

/// Every disturbance once, in an order that the seed says, and all of them again until the time is over.
fn disturb(system: &mut System, seed: u64, time: Duration, journal: &Journal) {
    let mut random = Rng::with_seed(seed.wrapping_add(1));
    let start = Instant::now();
    let mut all = Disturbance::ALL;
    loop {
        random.shuffle(&mut all);
        for disturbance in all {
            std::thread::sleep(Duration::from_millis(random.u64(500..3000)));
            let (index, cut) = (random.usize(0..6), Duration::from_millis(random.u64(500..6000)));
            journal.tell(&format!("{disturbance:?}"));
            system.disturb(disturbance, index, cut, journal);
            journal.tell(&format!("{disturbance:?} is over"));
        }
        if start.elapsed() >= time {
            return;
        }
    }
}
