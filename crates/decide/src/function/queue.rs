//! The order of builds: first in, first out within a namespace, and namespaces in turn, so that one with many Functions
//! does not hold up the others.

use std::collections::{BTreeMap, HashMap, VecDeque};

use crate::Key;

/// Functions that wait for a build slot. The cost of the frequent questions grows with the number of waiting
/// namespaces, not Functions.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// All waiting Functions, with their numbers.
    numbers: HashMap<Key, u64>,
    /// The lines, by namespace.
    lines: BTreeMap<String, Line>,
    /// The last number that was given out.
    last: u64,
}

/// The waiting Functions of one namespace, at least one.
#[derive(Debug)]
struct Line {
    /// The namespace with the lowest turn is next.
    turn: u64,
    /// Functions with their numbers, in the order of these.
    functions: VecDeque<(u64, Key)>,
}

impl Queue {
    /// Adds a Function to its line, unless it is in it, and returns how many Functions in front of it have no free
    /// slot. At 0 it has left the queue and may build. `room` is how many more builds a namespace may run, however many
    /// slots are free.
    pub(super) fn ask(&mut self, key: &Key, free: usize, room: impl Fn(&str) -> usize) -> usize {
        if !self.numbers.contains_key(key) {
            self.line_up(key);
        }
        let (rounds, others) = self.place(key, &room).unwrap_or_default();
        let (place, own_room) = (rounds + others, room(&key.0));
        if place < free && rounds < own_room {
            self.leave(key);
            // The namespace has used its turn.
            self.last += 1;
            if let Some(line) = self.lines.get_mut(&key.0) {
                line.turn = self.last;
            }
            return 0;
        }
        (place + 1).saturating_sub(free).max((rounds + 1).saturating_sub(own_room))
    }

    fn line_up(&mut self, key: &Key) {
        self.last += 1;
        let new = Line { turn: self.last, functions: VecDeque::new() };
        let line = self.lines.entry(key.0.clone()).or_insert(new);
        line.functions.push_back((self.last, key.clone()));
        self.numbers.insert(key.clone(), self.last);
    }

    /// How many Functions of its own namespace, and of others, are in front of a waiting one. Another namespace is not
    /// counted with more Functions than it may build.
    fn place(&self, key: &Key, room: &impl Fn(&str) -> usize) -> Option<(usize, usize)> {
        let number = self.numbers.get(key)?;
        let own = self.lines.get(&key.0)?;
        let rounds = own.functions.partition_point(|(earlier, _)| earlier < number);
        // Each earlier round serves one Function per namespace; the round of this Function serves those with an earlier
        // turn first.
        let in_front = |(namespace, line): (&String, &Line)| {
            line.functions.len().min(rounds + usize::from(line.turn < own.turn)).min(room(namespace))
        };
        let others = self.lines.iter().filter(|(namespace, _)| **namespace != key.0).map(in_front).sum();
        Some((rounds, others))
    }

    /// Removes a Function that needs no build any more. Returns whether it was waiting.
    pub(super) fn leave(&mut self, key: &Key) -> bool {
        let Some(number) = self.numbers.remove(key) else { return false };
        let Some(line) = self.lines.get_mut(&key.0) else { return false };
        if let Ok(index) = line.functions.binary_search_by_key(&number, |(number, _)| *number) {
            line.functions.remove(index);
        }
        if line.functions.is_empty() {
            self.lines.remove(&key.0);
        }
        true
    }

    /// The number of waiting Functions.
    #[must_use]
    pub(super) fn waiting(&self) -> usize {
        self.numbers.len()
    }

    /// The first waiting Functions, up to `number`, in the order in which they will be served. `room` is how many more
    /// builds a namespace may run.
    #[must_use]
    pub(super) fn first(&self, number: usize, room: impl Fn(&str) -> usize) -> Vec<Key> {
        if number == 0 {
            return Vec::new();
        }
        let lines =
            self.lines.iter().map(|(namespace, line)| (line, room(namespace).min(line.functions.len())));
        let mut lines: Vec<_> = lines.collect();
        lines.sort_unstable_by_key(|(line, _)| line.turn);
        let longest = lines.iter().map(|(_, served)| *served).max().unwrap_or_default();
        let served = (0..longest).flat_map(|round| {
            let in_round = lines.iter().filter(move |(_, served)| round < *served);
            in_round.filter_map(move |(line, _)| line.functions.get(round))
        });
        served.take(number).map(|(_, key)| key.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(text: &str) -> Key {
        let (namespace, name) = text.split_once('/').unwrap_or_default();
        (namespace.to_owned(), name.to_owned())
    }

    /// Unlimited room.
    fn all(_: &str) -> usize {
        usize::MAX
    }

    fn order(queue: &Queue) -> Vec<String> {
        queue.first(usize::MAX, all).iter().map(|(namespace, name)| format!("{namespace}/{name}")).collect()
    }

    #[test]
    fn namespaces_take_turns_and_within_one_the_first_is_first() {
        let mut queue = Queue::default();
        for waiting in ["a/1", "a/2", "a/3", "b/1", "c/1", "b/2"] {
            assert_ne!(queue.ask(&key(waiting), 0, all), 0);
        }
        assert_eq!(order(&queue), ["a/1", "b/1", "c/1", "a/2", "b/2", "a/3"]);
        assert_eq!(queue.ask(&key("a/3"), 0, all), 6);
        assert_eq!(queue.ask(&key("a/3"), 2, all), 4);
        assert_eq!(queue.ask(&key("a/1"), 1, all), 0);
        assert_eq!(order(&queue), ["b/1", "c/1", "a/2", "b/2", "a/3"]);
        // Asking again changes nothing.
        assert_eq!(queue.ask(&key("a/2"), 0, all), 3);
        queue.leave(&key("c/1"));
        assert_eq!(order(&queue), ["b/1", "a/2", "b/2", "a/3"]);
        for gone in ["b/1", "b/2", "c/1"] {
            queue.leave(&key(gone));
        }
        assert_eq!(order(&queue), ["a/2", "a/3"]);
    }

    #[test]
    fn as_many_as_there_are_slots_build_at_once() {
        let mut queue = Queue::default();
        for waiting in ["a/1", "a/2", "b/1"] {
            queue.ask(&key(waiting), 0, all);
        }
        assert_eq!(queue.ask(&key("b/1"), 2, all), 0);
        assert_eq!(queue.ask(&key("a/2"), 1, all), 1);
        assert_eq!(queue.ask(&key("a/1"), 1, all), 0);
        assert_eq!(queue.ask(&key("a/2"), 1, all), 0);
        assert_eq!(order(&queue), [""; 0]);
    }

    #[test]
    fn a_namespace_that_has_its_share_is_passed_over() {
        let mut queue = Queue::default();
        for waiting in ["a/1", "a/2", "a/3", "b/1"] {
            queue.ask(&key(waiting), 0, all);
        }
        let room = |namespace: &str| if namespace == "a" { 1 } else { 3 };
        assert_eq!(queue.first(4, room), [key("a/1"), key("b/1")]);
        // It waits for its own namespace, however many slots are free.
        assert_eq!(queue.ask(&key("a/2"), 4, room), 1);
        assert_eq!(queue.ask(&key("a/3"), 4, room), 2);
        assert_eq!(queue.ask(&key("a/1"), 4, room), 0);
        let full = |namespace: &str| if namespace == "a" { 0 } else { 3 };
        assert_eq!(queue.first(4, full), [key("b/1")]);
        // It does not hold up others.
        assert_eq!(queue.ask(&key("b/1"), 1, full), 0);
        assert_eq!(queue.ask(&key("a/2"), 4, full), 1);
        assert_eq!(queue.ask(&key("a/2"), 4, room), 0);
    }

    proptest! {
        #[test]
        fn each_is_told_its_place_and_the_others_keep_their_order(steps in prop::collection::vec((0..4u8, 0..6u8, 0..3u8), 1..60)) {
            let mut queue = Queue::default();
            for (namespace, name, step) in steps {
                let asking = key(&format!("{namespace}/{name}"));
                let before = queue.first(usize::MAX, all);
                match step {
                    0 => drop(queue.leave(&asking)),
                    1 => prop_assert!(queue.ask(&asking, 0, all) > 0),
                    // With this many slots it may build.
                    _ => prop_assert_eq!(queue.ask(&asking, 24, all), 0),
                }
                let after = queue.first(usize::MAX, all);
                prop_assert_eq!(queue.waiting(), after.len());
                prop_assert_eq!(after.contains(&asking), step == 1);
                for (in_front, waiting) in after.iter().enumerate() {
                    prop_assert_eq!(queue.ask(waiting, 0, all), in_front + 1);
                }
                // Within each namespace, the order of the others does not change.
                for namespace in 0..4u8 {
                    let others = |keys: &[Key]| -> Vec<Key> {
                        keys.iter().filter(|key| key.0 == namespace.to_string() && **key != asking).cloned().collect()
                    };
                    prop_assert_eq!(others(&before), others(&after));
                }
            }
        }
    }
}
