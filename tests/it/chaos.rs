//! Everything is killed, cut off and changed at the same time, while a tenant attacks the others. Afterwards the whole
//! system must be in the last wanted state. `CHAOS_SEED` determines what happens, `CHAOS_SECONDS` the shortest
//! duration; `CHAOS_WITHOUT` is a comma-separated list of attacks to leave out, to find the one that does harm.
#![allow(clippy::print_stderr, reason = "whoever runs it for ten minutes wants to see what happens")]

mod adversary;
mod author;
mod caches;
mod health;
mod journal;
mod plan;
mod registries;
mod system;
mod verdict;
mod waits;

use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fastrand::Rng;
use tokio::runtime::Runtime;

use crate::harness::cluster::client;
use adversary::{Adversary, Caps};
use author::Author;
use health::{Memory, Program};
use journal::Journal;
use plan::Wanted;
use system::{Disturbance, System};
use verdict::Verdict;
use waits::Waits;

/// How long recovery may take after the last disturbance.
const RECOVERY: Duration = Duration::from_mins(3);
/// How long nothing may be written after that.
const IDLE: Duration = Duration::from_secs(5);
/// By which factor the adversary may prolong the wait for a build. Its four namespaces can hold 8 of the 10 build
/// slots, so a fifth is left: a factor of 5 for the slots, and the rest for the machine, which also serves its
/// requests. The measured factor is 2 to 3.
const FACTOR: u32 = 6;
/// How often the wait is measured without the adversary.
const MEASUREMENTS: usize = 2;

/// Each test needs the whole machine.
fn alone() -> MutexGuard<'static, ()> {
    static MACHINE: Mutex<()> = Mutex::new(());
    MACHINE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

#[test]
fn whatever_is_killed_cut_off_changed_and_attacked_all_is_as_asked_for_in_the_end() {
    let _alone = alone();
    let (seed, seconds) = (number("CHAOS_SEED", 1), number("CHAOS_SECONDS", 0));
    let journal = Arc::new(Journal::new());
    journal.tell(&format!("CHAOS_SEED={seed} CHAOS_SECONDS={seconds}"));
    let mut system = System::start();
    let runtime = Runtime::new().unwrap();
    let client = runtime.block_on(client(&system.installed.kubeconfig));
    let turn = Arc::default();
    let (remotes, journal_of_author) = (Arc::clone(&system.remotes), Arc::clone(&journal));
    let author = Author { client: client.clone(), remotes, journal: journal_of_author, turn };
    runtime.block_on(author.prepare());
    let caps = Caps::of(seconds);
    let adversary = runtime.block_on(Adversary::new(&system, client.clone(), caps, Arc::clone(&journal)));
    let waits = runtime.block_on(Waits::new(client, system.remotes.git_url()));
    let (memory, running) = (Memory::default(), system.running.clone());
    journal.tell("everything runs");

    let (stop, over) = (AtomicBool::new(false), AtomicBool::new(false));
    let wanted = std::thread::scope(|scope| {
        scope.spawn(|| memory.watch(&over));
        scope.spawn(|| running.watch(&journal, &over));
        let work = scope.spawn(|| runtime.block_on(author.work(seed, &stop)));
        let waits = Measured {
            waits: &waits,
            runtime: &runtime,
            author: &author,
            adversary: &adversary,
            journal: &journal,
        };
        // Even after a panic, the other threads are waited for.
        let done = catch_unwind(AssertUnwindSafe(|| {
            let usual = waits.without_adversary();
            let attacks = scope.spawn(|| runtime.block_on(adversary.work(seed.wrapping_add(2), &stop)));
            disturb(&mut system, seed, Duration::from_secs(seconds), &waits, usual);
            stop.store(true, Ordering::SeqCst);
            attacks.join().unwrap();
            journal.tell("nothing happens any more");
            let wanted = work.join().unwrap();
            settle(&mut system, &wanted, seed, &journal);
            wanted
        }));
        stop.store(true, Ordering::SeqCst);
        over.store(true, Ordering::SeqCst);
        done.unwrap_or_else(|panic| resume_unwind(panic))
    });
    assert!(
        wanted.namespaces.values().any(|namespace| !namespace.functions.is_empty()),
        "nothing to look at"
    );
    let problems = judge(&mut system, &adversary, &memory, &journal);
    assert!(problems.is_empty(), "CHAOS_SEED={seed}: {problems:#?}");
}

/// Waits until the wanted state is reached, and stays.
fn settle(system: &mut System, wanted: &Wanted, seed: u64, journal: &Journal) {
    let over = Instant::now();
    let settled = loop {
        let found = Verdict::new(&system.installed.control_plane, wanted, &system.remotes);
        let problems = found.problems();
        if problems.is_empty() {
            break found.versions();
        }
        assert!(over.elapsed() < RECOVERY, "CHAOS_SEED={seed}: {problems:#?}");
        std::thread::sleep(Duration::from_millis(500));
    };
    journal.tell("all is well");
    // Nobody requests anything any more, so nothing may be written.
    std::thread::sleep(IDLE);
    let found = Verdict::new(&system.installed.control_plane, wanted, &system.remotes);
    let versions = found.versions();
    let written: Vec<_> = versions.symmetric_difference(&settled).collect();
    assert!(written.is_empty(), "CHAOS_SEED={seed}: written for nothing: {written:#?}");
}

/// Everything that is wrong besides the final state: failures on the way, leaks, log messages, and memory.
fn judge(system: &mut System, adversary: &Adversary, memory: &Memory, journal: &Journal) -> Vec<String> {
    let arrived = adversary.arrived();
    journal.tell(&format!("connections to the servers of the adversary: {:?}", arrived.connections));
    let mut problems = arrived.leaks.clone();
    if arrived.connections.is_empty() {
        problems.push("the servers of the adversary were never asked".to_owned());
    }
    drop(arrived);
    let peaks = memory.peaks();
    journal.tell(&format!("the most memory, in KiB: {peaks:?}"));
    for program in Program::ALL {
        let (peak, limit) = (peaks[&program], program.limit());
        if peak >= limit {
            problems.push(format!("{program:?} had {peak} KiB, and its Pods may have {limit}"));
        }
    }
    problems.extend(system.ended());
    problems.extend(journal.blamed());
    for (name, log) in system.logs() {
        let panic = log.lines().find(|line| line.contains("ERROR panic"));
        problems.extend(panic.map(|line| format!("{name}: {line}")));
        let passwords = ["fake-", "mine-"].into_iter().filter(|password| log.contains(password));
        problems.extend(passwords.map(|password| format!("{name} holds a password: {password}")));
    }
    problems
}

/// Measures while only the adversary sends requests.
struct Measured<'a> {
    waits: &'a Waits,
    runtime: &'a Runtime,
    author: &'a Author,
    adversary: &'a Adversary,
    journal: &'a Journal,
}

impl Measured<'_> {
    fn without_adversary(&self) -> Duration {
        let limit = RECOVERY;
        let usual = (0..MEASUREMENTS).map(|_| self.measure(limit).unwrap()).max().unwrap();
        self.journal.tell(&format!("without the adversary a build takes {usual:?}"));
        usual
    }

    /// Checks that a build does not wait too long.
    fn check(&self, usual: Duration) {
        self.adversary.await_round();
        match self.measure(usual * FACTOR) {
            Ok(took) => self.journal.tell(&format!("with the adversary a build takes {took:?}")),
            Err(said) => {
                self.journal.blame(&format!("longer than {FACTOR} times {usual:?}: {said}"));
            }
        }
    }

    fn measure(&self, limit: Duration) -> Result<Duration, String> {
        self.runtime.block_on(async {
            let _alone = self.author.turn.lock().await;
            self.waits.settle().await?;
            self.waits.measure(limit).await
        })
    }
}

/// Causes every disturbance once, in an order from the seed, and repeats them until the time is over.
fn disturb(system: &mut System, seed: u64, time: Duration, waits: &Measured<'_>, usual: Duration) {
    let (mut random, journal) = (Rng::with_seed(seed.wrapping_add(1)), waits.journal);
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
            let ended = system.ended();
            assert!(ended.is_empty(), "CHAOS_SEED={seed}: {ended:?}");
        }
        waits.check(usual);
        if start.elapsed() >= time {
            return;
        }
    }
}

/// Causes every disturbance once, in a random order, and repeats them until the time is over.
fn disturb_in_turn<D: Copy + Debug, const N: usize>(
    mut all: [D; N],
    mut random: Rng,
    time: Duration,
    journal: &Journal,
    mut cause: impl FnMut(D, &mut Rng),
) {
    let start = Instant::now();
    loop {
        random.shuffle(&mut all);
        for disturbance in all {
            std::thread::sleep(Duration::from_millis(random.u64(300..1500)));
            journal.tell(&format!("{disturbance:?}"));
            cause(disturbance, &mut random);
        }
        if start.elapsed() >= time {
            return;
        }
    }
}
