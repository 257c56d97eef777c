//! Who builds next: first in, first out within a namespace, and namespaces in turn, so that one with many Functions does not
//! hold up the others.

use std::collections::{BTreeMap, HashMap, VecDeque};

/// A Function by namespace and name.
pub type Key = (String, String);

/// Those that wait for a build slot. What is asked often costs as much as there are namespaces that wait, not Functions.
#[derive(Debug, Default)]
pub struct Queue {
    /// All that wait, with the numbers that they drew.
    numbers: HashMap<Key, u64>,
    /// By namespace.
    lines: BTreeMap<String, Line>,
    /// The number that was drawn last.
    last: u64,
}

/// Those of one namespace that wait, at least one.
#[derive(Debug)]
struct Line {
    /// The lower, the earlier it is this namespace's turn.
    turn: u64,
    /// With their numbers, in the order of these.
    functions: VecDeque<(u64, Key)>,
}

impl Queue {
    /// Lines up, unless already in line, and tells how many are in front for whom no slot is free; 0: it has left the queue
    /// and may build.
    pub fn ask(&mut self, key: &Key, free: usize) -> usize {
        if !self.numbers.contains_key(key) {
            self.line_up(key);
        }
        let place = self.place(key).unwrap_or_default();
        if place < free {
            self.leave(key);
            // It was this namespace's turn.
            self.last += 1;
            if let Some(line) = self.lines.get_mut(&key.0) {
                line.turn = self.last;
            }
            return 0;
        }
        place + 1 - free
    }

    fn line_up(&mut self, key: &Key) {
        self.last += 1;
        let new = Line { turn: self.last, functions: VecDeque::new() };
        let line = self.lines.entry(key.0.clone()).or_insert(new);
        line.functions.push_back((self.last, key.clone()));
        self.numbers.insert(key.clone(), self.last);
    }

    /// How many are in front of one that waits.
    fn place(&self, key: &Key) -> Option<usize> {
        let number = self.numbers.get(key)?;
        let own = self.lines.get(&key.0)?;
        let rounds = own.functions.partition_point(|(earlier, _)| earlier < number);
        // In each round before its own one of each namespace is served, in its own one of those whose turn is before.
        let in_front = |line: &Line| line.functions.len().min(rounds + usize::from(line.turn < own.turn));
        Some(self.lines.values().map(in_front).sum())
    }

    /// Takes a Function out: it is gone, or needs no build any more.
    pub fn leave(&mut self, key: &Key) {
        let Some(number) = self.numbers.remove(key) else { return };
        let Some(line) = self.lines.get_mut(&key.0) else { return };
        if let Ok(index) = line.functions.binary_search_by_key(&number, |(number, _)| *number) {
            line.functions.remove(index);
        }
        if line.functions.is_empty() {
            self.lines.remove(&key.0);
        }
    }

    /// How many wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.numbers.len()
    }

    /// The first of those that wait, so many at most, in the order in which they will be served.
    #[must_use]
    pub fn first(&self, number: usize) -> Vec<Key> {
        if number == 0 {
            return Vec::new();
        }
        let mut lines: Vec<_> = self.lines.values().collect();
        lines.sort_unstable_by_key(|line| line.turn);
        let longest = lines.iter().map(|line| line.functions.len()).max().unwrap_or_default();
        let served =
            (0..longest).flat_map(|round| lines.iter().filter_map(move |line| line.functions.get(round)));
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

    fn order(queue: &Queue) -> Vec<String> {
        queue.first(usize::MAX).iter().map(|(namespace, name)| format!("{namespace}/{name}")).collect()
    }

    #[test]
    fn namespaces_take_turns_and_within_one_the_first_is_first() {
        let mut queue = Queue::default();
        for waiting in ["a/1", "a/2", "a/3", "b/1", "c/1", "b/2"] {
            assert_ne!(queue.ask(&key(waiting), 0), 0);
        }
        assert_eq!(order(&queue), ["a/1", "b/1", "c/1", "a/2", "b/2", "a/3"]);
        assert_eq!(queue.ask(&key("a/3"), 0), 6);
        assert_eq!(queue.ask(&key("a/3"), 2), 4);
        assert_eq!(queue.ask(&key("a/1"), 1), 0);
        assert_eq!(order(&queue), ["b/1", "c/1", "a/2", "b/2", "a/3"]);
        // Asking again changes nothing.
        assert_eq!(queue.ask(&key("a/2"), 0), 3);
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
            queue.ask(&key(waiting), 0);
        }
        assert_eq!(queue.ask(&key("b/1"), 2), 0);
        assert_eq!(queue.ask(&key("a/2"), 1), 1);
        assert_eq!(queue.ask(&key("a/1"), 1), 0);
        assert_eq!(queue.ask(&key("a/2"), 1), 0);
        assert_eq!(order(&queue), [""; 0]);
    }

    proptest! {
        #[test]
        fn each_is_told_its_place_and_the_others_keep_their_order(steps in prop::collection::vec((0..4u8, 0..6u8, 0..3u8), 1..60)) {
            let mut queue = Queue::default();
            for (namespace, name, step) in steps {
                let asking = key(&format!("{namespace}/{name}"));
                let before = queue.first(usize::MAX);
                match step {
                    0 => queue.leave(&asking),
                    1 => prop_assert!(queue.ask(&asking, 0) > 0),
                    // So many slots that it may build.
                    _ => prop_assert_eq!(queue.ask(&asking, 24), 0),
                }
                let after = queue.first(usize::MAX);
                prop_assert_eq!(queue.waiting(), after.len());
                prop_assert_eq!(after.contains(&asking), step == 1);
                for (in_front, waiting) in after.iter().enumerate() {
                    prop_assert_eq!(queue.ask(waiting, 0), in_front + 1);
                }
                // Within each namespace, the order of the others is as it was.
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
