//! A pull-through cache while its upstream, its registry, its gateway, the controller, the agent of a node and the API server
//! are killed, and its credentials rotate. The containers of its Pod run as the controller has written them. Clients pull as
//! nodes do, and ask for what they may not have. `CHAOS_SEED` and `CHAOS_SECONDS` are those of the other tests.

mod clients;
mod cluster;
mod controller;
mod node;
mod pod;
mod system;
mod upstream;
mod verdict;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use fastrand::Rng;

use super::journal::Journal;
use super::{alone, disturb_in_turn, number};
use clients::Clients;
use system::{Disturbance, System};

/// How long recovery may take after the last disturbance: an upstream that was away is asked again within a minute.
const RECOVERY: Duration = Duration::from_mins(2);

#[test]
fn whatever_of_a_cache_is_killed_nobody_gets_what_is_wrong_and_all_recovers() {
    let _alone = alone();
    let (seed, seconds) = (number("CHAOS_SEED", 1), number("CHAOS_SECONDS", 0));
    let journal = Journal::new();
    journal.tell(&format!("CHAOS_SEED={seed} CHAOS_SECONDS={seconds}"));
    let mut system = System::start();
    let generation = system.cluster.generation_of_pods();
    journal.tell("everything runs");

    let stop = AtomicBool::new(false);
    let clients = Clients::new(&system, &journal, &stop);
    std::thread::scope(|scope| {
        clients.start(scope, seed);
        let random = Rng::with_seed(seed.wrapping_add(4));
        let cause = |disturbance, random: &mut Rng| system.disturb(disturbance, random, &journal);
        disturb_in_turn(Disturbance::ALL, random, Duration::from_secs(seconds), &journal, cause);
        stop.store(true, Ordering::SeqCst);
    });
    journal.tell(&format!("nothing happens any more: {}", clients.counts()));
    assert!(clients.have_done_enough(), "CHAOS_SEED={seed}: nothing to look at");

    let over = Instant::now();
    system.revoke_all();
    let unsettled = loop {
        let unsettled = verdict::unsettled(&system, &clients);
        if unsettled.is_empty() || over.elapsed() > RECOVERY {
            break unsettled;
        }
        std::thread::sleep(Duration::from_millis(200));
    };
    journal.tell(&format!("it took {:?} to recover: {unsettled:?}", over.elapsed()));
    let mut problems = journal.blamed();
    problems.extend(unsettled);
    problems.extend(verdict::pulls(&clients));
    problems.extend(verdict::logs(&system));
    if system.cluster.generation_of_pods() != generation {
        problems.push("the Pods were replaced".to_owned());
    }
    assert!(problems.is_empty(), "CHAOS_SEED={seed}: {problems:#?}");
}
