#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use proptest::prelude::*;

use super::*;

/// A client that requests a turn, waits for it or has it.
enum Client<'a> {
    Waits(Pin<Box<dyn Future<Output = Turn> + 'a>>),
    Has(#[allow(dead_code, reason = "it is held")] Turn),
}

fn ask<'a>(turns: &'a Turns, namespace: &'a str) -> Client<'a> {
    let mut client = Client::Waits(Box::pin(turns.take(namespace)));
    look(&mut client);
    client
}

/// Whether it has a turn by now.
fn look(client: &mut Client<'_>) -> bool {
    if let Client::Waits(future) = client
        && let Poll::Ready(turn) = future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    {
        *client = Client::Has(turn);
    }
    matches!(client, Client::Has(_))
}

fn is_empty(turns: &Turns) -> bool {
    let state = turns.state();
    state.namespaces.is_empty() && state.rotation.is_empty()
}

#[test]
fn namespaces_take_turns_and_within_one_the_first_is_first() {
    let turns = Turns::new(1, 1);
    let mut served = Vec::new();
    let running = ask(&turns, "a");
    let mut waiting: Vec<_> = ["a", "a", "b", "c", "b"]
        .into_iter()
        .enumerate()
        .map(|(n, name)| (n, name, ask(&turns, name)))
        .collect();
    drop(running);
    while !waiting.is_empty() {
        let next = waiting.iter_mut().position(|(_, _, client)| look(client)).unwrap();
        let (number, name, _turn) = waiting.remove(next);
        served.push(format!("{name}{number}"));
    }
    // `a` had its turn before the others came.
    assert_eq!(served, ["b2", "c3", "a0", "b4", "a1"]);
    assert!(is_empty(&turns));
}

#[test]
fn a_namespace_has_only_so_many_turns_at_once() {
    let turns = Turns::new(4, 2);
    let first = turns.try_take("greedy").unwrap();
    let _second = turns.try_take("greedy").unwrap();
    assert!(turns.try_take("greedy").is_none());
    let mut third = ask(&turns, "greedy");
    assert!(!look(&mut third));
    let _other = turns.try_take("other").unwrap();
    drop(first);
    assert!(look(&mut third), "it is the turn of the one that waits");
    assert!(turns.try_take("greedy").is_none());
    let _last = turns.try_take("third").unwrap();
    assert!(turns.try_take("fourth").is_none(), "all turns are taken");
}

#[test]
fn one_that_stops_waiting_leaves_no_trace() {
    let turns = Turns::new(1, 1);
    let running = ask(&turns, "a");
    let gone = ask(&turns, "b");
    let also_gone = ask(&turns, "b");
    let mut late = ask(&turns, "c");
    drop(gone);
    drop(also_gone);
    assert!(!turns.state().namespaces.contains_key("b"));
    drop(running);
    assert!(look(&mut late));
    // Served, but dropped before it has noticed: its turn is returned.
    let unseen = ask(&turns, "d");
    drop(late);
    drop(unseen);
    assert!(is_empty(&turns));
    assert!(turns.try_take("e").is_some());
}

#[test]
fn zero_is_one() {
    let turns = Turns::new(0, 0);
    let turn = turns.try_take("a");
    assert!(turn.is_some() && turns.try_take("a").is_none());
}

/// A namespace: the tickets with a turn, those that wait, and since when it may have another turn.
type Line = (Vec<u64>, Vec<u64>, Option<u64>);

/// The expected behaviour, computed the slow way: each step inspects all requests.
#[derive(Default)]
struct Model {
    namespaces: BTreeMap<String, Line>,
    clock: u64,
}

impl Model {
    fn settle(&mut self, total: usize, cap: usize) {
        loop {
            for (active, waiting, since) in self.namespaces.values_mut() {
                let is_eligible = active.len() < cap && !waiting.is_empty();
                if !is_eligible {
                    *since = None;
                } else if since.is_none() {
                    self.clock += 1;
                    *since = Some(self.clock);
                }
            }
            let active: usize = self.namespaces.values().map(|(active, ..)| active.len()).sum();
            let next = self.namespaces.values_mut().filter(|(.., since)| since.is_some());
            let Some((has, waiting, since)) = next.min_by_key(|(.., since)| *since) else { return };
            if active >= total {
                return;
            }
            has.push(waiting.remove(0));
            *since = None;
        }
    }
}

proptest! {
    #[test]
    fn turns_are_those_of_the_model(
        total in 1..5usize,
        cap in 1..5usize,
        steps in prop::collection::vec((0..4u8, any::<prop::sample::Index>(), any::<bool>()), 1..80),
    ) {
        let names = ["a", "b", "c", "d"];
        let turns = Turns::new(total, cap);
        let (mut model, mut clients) = (Model::default(), BTreeMap::new());
        for (ticket, (namespace, which, is_asking)) in (0_u64..).zip(steps) {
            if is_asking || clients.is_empty() {
                let name = names[usize::from(namespace)];
                clients.insert(ticket, ask(&turns, name));
                model.namespaces.entry(name.to_owned()).or_default().1.push(ticket);
            } else {
                // Dropped, whether it has a turn or waits.
                let gone = *clients.keys().nth(which.index(clients.len())).unwrap();
                clients.remove(&gone);
                for (active, waiting, _) in model.namespaces.values_mut() {
                    active.retain(|ticket| *ticket != gone);
                    waiting.retain(|ticket| *ticket != gone);
                }
            }
            model.settle(total, cap.min(total));
            let mut expected: Vec<u64> = model.namespaces.values().flat_map(|(active, ..)| active.clone()).collect();
            expected.sort_unstable();
            let having: Vec<u64> = clients.iter_mut().filter_map(|(ticket, client)| look(client).then_some(*ticket)).collect();
            prop_assert_eq!(having, expected);
        }
        clients.clear();
        prop_assert!(is_empty(&turns));
        prop_assert_eq!(turns.state().free, total);
    }
}
