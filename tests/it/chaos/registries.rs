//! A registry in the cluster while its controller, its gateway, the registry behind it and the API server are killed during
//! rotations, pushes and pulls. Clients read their Secrets again before each request, as a mounted Secret does it, and no
//! right login is ever refused. `CHAOS_SEED` and `CHAOS_SECONDS` are those of the other test.

mod clients;
mod cluster;
mod system;
mod verdict;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use fastrand::Rng;

use super::journal::Journal;
use super::{alone, disturb_in_turn, number};
use clients::{Clients, Images};
use system::{Disturbance, System};

/// How long recovery may take after the last disturbance.
const RECOVERY: Duration = Duration::from_mins(1);

#[test]
fn whatever_of_a_registry_is_killed_no_login_is_refused_and_nothing_is_lost() {
    let _alone = alone();
    let (seed, seconds) = (number("CHAOS_SEED", 1), number("CHAOS_SECONDS", 0));
    let journal = Journal::new();
    journal.tell(&format!("CHAOS_SEED={seed} CHAOS_SECONDS={seconds}"));
    let mut system = System::start();
    let foreign = system.cluster.foreign();
    system.cluster.await_ready(RECOVERY);
    journal.tell("everything runs");

    let (stop, images) = (AtomicBool::new(false), Images::default());
    let clients = Clients::new(&system, &journal, &images, &stop);
    std::thread::scope(|scope| {
        clients.start(scope, seed);
        let random = Rng::with_seed(seed.wrapping_add(3));
        let cause = |disturbance, random: &mut Rng| system.disturb(disturbance, random, &journal);
        disturb_in_turn(Disturbance::ALL, random, Duration::from_secs(seconds), &journal, cause);
        stop.store(true, Ordering::SeqCst);
    });
    journal.tell(&format!("nothing happens any more: {}", clients.counts()));
    assert!(clients.pushed() >= 5 && clients.pulled() >= 5, "CHAOS_SEED={seed}: nothing to look at");

    let over = Instant::now();
    let unsettled = loop {
        system.cluster.await_ready(RECOVERY);
        let unsettled = verdict::accounts(&system.cluster);
        // The last rotation may go on.
        if unsettled.is_empty() || over.elapsed() > RECOVERY {
            break unsettled;
        }
        std::thread::sleep(Duration::from_millis(200));
    };
    journal.tell(&format!("it took {:?} until the accounts were right: {unsettled:?}", over.elapsed()));
    let mut problems = journal.blamed();
    problems.extend(unsettled);
    problems.extend(verdict::images(&system, &images));
    problems.extend(verdict::metrics(&system));
    problems.extend(verdict::logs(&system, &clients.passwords()));
    if system.cluster.foreign() != foreign {
        problems.push(format!("objects of others changed: {foreign:#?} {:#?}", system.cluster.foreign()));
    }
    problems.extend(verdict::leftovers(&system.cluster, RECOVERY));
    assert!(problems.is_empty(), "CHAOS_SEED={seed}: {problems:#?}");
}
